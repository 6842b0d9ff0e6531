# Everything runs under the checkout's own Node 24, whatever Node the system has; only npm itself needs that one.
NODE := PATH="$(CURDIR)/node_modules/.bin:$$PATH"
# Written by npm at the end of an installation, so its age is that of what is installed.
INSTALLED := node_modules/.package-lock.json

.DEFAULT_GOAL := help
.PHONY: help install run types lint test check dst build bench golden demo evidence

help: ## show this help
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

install: $(INSTALLED) ## install what is missing

$(INSTALLED): package-lock.json
	npm ci --no-audit --no-fund
	@touch $@

run: install ## run the live loop on the embedded exchange (ARGS="--speed max")
	@$(NODE) bin/bbw run $(ARGS)

types: install
	@$(NODE) tsc --noEmit

lint: install
	@$(NODE) biome ci --error-on-warnings $(if $(NO_COLOR),--colors=off)

test: install ## check types and style, run all tests
	@$(MAKE) --no-print-directory types
	@$(MAKE) --no-print-directory lint
	@$(NODE) node tools/test.ts

check: install ## run the long tests: the installed package, kills, many processes, months of running, a day over the wire
	@$(NODE) node tools/test.ts --long

dst: install ## simulate the live loop under faults (ARGS="--seed 0x1 --profile meltdown --trace")
	@$(NODE) npm run --silent dst -- $(ARGS)

build: install ## compile src to dist, as the package has it
	@$(NODE) npm run --silent build

bench: install ## measure speed beside others
	@$(NODE) node bench/main.ts

golden: install ## write anew what is derived from the code
	@$(NODE) node tools/golden.ts

demo: install ## the three-stage pipe over the synthetic market
	@bin/bbw scan --market fixtures --at 2024-07-26 | bin/bbw score | bin/bbw trade --market fixtures --at 2024-07-26

evidence: install ## rewrite the README's results from a folder of candles: make evidence DATA=folder
	@test -n "$(DATA)" || { echo 'say which folder has the candles: make evidence DATA=folder' >&2; exit 2; }
	@$(NODE) node tools/evidence.ts "$(DATA)"
