# The dashboard. Its bundle is committed, so building the daemons needs no
# Node; `make dashboard` makes it anew, `make test-web` drives it in a browser.
DASHBOARD := registry/dashboard
NPM_CI := npm ci --no-audit --no-fund --ignore-scripts --loglevel=error

%/node_modules/.package-lock.json: %/package.json %/package-lock.json
	@cd $* && $(NPM_CI) >/dev/null && touch node_modules/.package-lock.json

.PHONY: dashboard dashboard-check
dashboard: $(DASHBOARD)/node_modules/.package-lock.json
	@node $(DASHBOARD)/build.mjs
# Whether the committed bundle is what its sources make.
dashboard-check: $(DASHBOARD)/node_modules/.package-lock.json
	@node $(DASHBOARD)/build.mjs --check

WEB_TESTS := tests/web
.PHONY: test-web web-images
# WORD=x: only tests whose file or name contains x.
test-web:
	@deploy/deps.sh web
	@deploy/geo.sh
	@$(MAKE) --no-print-directory -s -j2 QUIET=1 all \
		$(WEB_TESTS)/node_modules/.package-lock.json \
		$(DASHBOARD)/node_modules/.package-lock.json
	@PERI_BUILD=$(CURDIR)/$(BUILD) node $(WEB_TESTS)/run.mjs $(WORD)
# The README's pictures, from the last `make test-web`.
web-images:
	@for f in build/web/dashboard-*.png; do \
		pngquant --force --strip 128 --output docs/img/$${f##*/} $$f || exit 1; \
	done
