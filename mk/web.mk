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
