# Every target builds what it needs. `make demo` shows the main job; `make test` runs every test.
GO ?= go
FUZZTIME ?= 20s

.PHONY: all build wasm plugin release test-release demo test race soak check sdk-test conformance \
	wasm-test wasm-bench plugin-test test-openclaw test-servers test-clients test-npm vet bench \
	bench-go benchstat fuzz clean

all: build

# What a build says of itself: the version of the tag that the commit has, else the commit.
COMMIT := $(shell git rev-parse HEAD 2>/dev/null)
DIRTY := $(if $(COMMIT),$(shell git diff-index --quiet HEAD -- || echo dirty))
TAG := $(shell git describe --tags --exact-match --match 'v[0-9]*' 2>/dev/null)
VERSION ?= $(if $(TAG),$(TAG:v%=%)$(DIRTY:%=-%),$(if $(COMMIT),0.0.0-g$(shell \
	git rev-parse --short=12 HEAD)$(DIRTY:%=.%)))
TIME := $(if $(COMMIT),$(shell TZ=UTC0 git log -1 --format=%cd \
	--date=format-local:%Y-%m-%dT%H:%M:%SZ))
BUILD = github.com/true-and-useful/janee/cmd/janee/internal/build
STAMPS = -X $(BUILD).version=$(VERSION) -X $(BUILD).commit=$(COMMIT) -X $(BUILD).time=$(TIME)

# Static: the same binary runs on every Linux, musl and scratch included.
build:
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags="-s -w -buildid= $(STAMPS)" \
		-o bin/janee ./cmd/janee

# The core for shells that are not written in Go. The same sources give the same bytes in any
# directory. Without inlining these packages take 150 KB less of a download; calls do not slow down
# by it.
WASM ?= bin/janee.wasm
WASMFLAGS = -buildvcs=false -trimpath -buildmode=c-shared -ldflags="-s -w -buildid=" \
	-gcflags=crypto/...=-l -gcflags=go.yaml.in/...=-l -gcflags=math/big=-l \
	-gcflags=regexp/...=-l -gcflags=encoding/asn1=-l -gcflags=fmt=-l -gcflags=time=-l \
	-gcflags=reflect=-l \
	$(foreach p,core/abi core/config core/sign,-gcflags=github.com/true-and-useful/janee/$(p)=-l)
wasm:
	GOOS=wasip1 GOARCH=wasm $(GO) build $(WASMFLAGS) -o $(WASM) ./wasm

# The OpenClaw plugin, as the .tgz that `openclaw plugins install` takes. npm brings the Node 24 it
# needs.
plugin: wasm
	cd openclaw-plugin && npm ci --silent --no-audit --no-fund && npm run --silent build && \
		npm pack --silent

# A release, in dist/: what it consists of is in release/. PLATFORMS=linux/amd64 builds for one.
PLATFORMS ?=
release:
	$(GO) -C release run . -version "$(VERSION)" -commit "$(COMMIT)" -time "$(TIME)" \
		$(if $(PLATFORMS),-platforms $(PLATFORMS))

# Two builds of the release of HEAD are the same, byte by byte, and its files are right and can be
# installed. For linux/amd64; PLATFORMS= builds for all. The tests that install need root.
test-release:
	PLATFORMS="$(if $(filter file,$(origin PLATFORMS)),linux/amd64,$(PLATFORMS))" release/test

demo: build
	@bin/janee demo

test: vet build
	$(GO) test ./...
	$(MAKE) --no-print-directory sdk-test conformance wasm-test plugin-test

race:
	$(GO) test -race ./...

# What takes minutes: kills, load, revocations and abuse for longer than in `make test`, then every
# fuzz target for SOAKTIME. 20 minutes on two cores at the most; each part has a bound of its own.
SOAKTIME ?= 15s
soak:
	JANEE_SOAK=1 JANEE_ROUNDS=200 $(GO) test -count=1 -timeout 10m \
		-run '^Test(Killed|NoRecordIsLost|NothingIsSentAfterRevoke|Abusive|Hostile)' ./cmd/janee/e2e
	$(MAKE) --no-print-directory fuzz FUZZTIME=$(SOAKTIME)

# What CI holds besides the tests: what is downloaded is what was meant, nothing is required that is
# not used, no line is too long (internal/width), staticcheck finds nothing, everything compiles for
# macOS and Windows, and no weakness is known of what janee calls (see .ci/vulncheck). The checkers
# are built at pinned versions.
check:
	$(GO) run ./internal/width .
	$(GO) mod verify
	@for dir in . release release/quill testscripts/gosdk testscripts/servers \
			testscripts/servers/minio .ci/tools; do \
		$(GO) -C $$dir mod tidy -diff || exit 1; done
	$(GO) -C .ci/tools build -o $(CURDIR)/bin/ tool
	bin/staticcheck ./...
	for dir in release testscripts/gosdk testscripts/servers; do \
		(cd $$dir && $(CURDIR)/bin/staticcheck ./...) || exit 1; done
	for os in darwin windows; do GOOS=$$os $(GO) vet ./... || exit 1; done
	.ci/vulncheck $(CURDIR)/bin/govulncheck

vet:
	@changed=$$(gofmt -l cmd core internal release wasm); test -z "$$changed" || \
		{ echo "gofmt would change these files:" $$changed; exit 1; }
	$(GO) vet ./...

# The official MCP SDKs for TypeScript and Go against bin/janee, over stdio and HTTP. Needs Node 18
# or newer.
sdk-test: build
	cd testscripts/sdk && npm ci --silent --no-audit --no-fund && npm test --silent
	cd testscripts/gosdk && $(GO) test -count=1 .

# The MCP conformance suite against the HTTP server with the suite's own tools. npm brings the Node
# 24 it needs.
conformance:
	$(GO) build -trimpath -o bin/conformance ./cmd/janee/internal/conformance
	cd testscripts/conformance && npm ci --silent --no-audit --no-fund && npm test --silent

# The module in Node gives the bytes that it gives natively. Needs Node 20 or newer.
wasm-test: wasm
	JANEE_WASM=$(WASM) node --test wasm/parity.test.mjs

# Speed and memory of the module in Node, over CALLS calls.
CALLS ?= 200000
wasm-bench: wasm
	node wasm/bench.mjs $(WASM) $(CALLS)

# The plugin, built, against a home of bin/janee and servers on loopback.
plugin-test: build plugin
	cd openclaw-plugin && npm test --silent
	JANEE_BENCH_PLUGIN=1 $(GO) test -count=1 ./testscripts/bench

# The packed plugin in the real OpenClaw, which npm brings too. DIST names a release to take it
# from.
test-openclaw: build plugin
	cd openclaw-plugin/e2e && npm ci --silent --no-audit --no-fund
	cd openclaw-plugin && $(if $(DIST),DIST=$(abspath $(DIST))) npm run --silent e2e

# Real servers on loopback: MinIO from the Go module proxy, Azurite and dynalite from npm. Where
# nothing is cached building MinIO takes most of the time, which is five minutes at the most; then
# it is a quarter of a minute. A server that cannot be had is an error. Needs Node 20 or newer.
test-servers: build
	cd testscripts/servers && npm ci --silent --no-audit --no-fund --ignore-scripts
	cd testscripts/servers/minio && \
		CGO_ENABLED=0 $(GO) build -ldflags="-s -w" -o $(CURDIR)/bin/minio .
	cd testscripts/servers && $(GO) vet . && $(GO) test -count=1 -timeout 2m .

# The real clients that npm brings, each in an empty HOME with a scripted model on loopback: what
# `janee setup` writes, their own list of servers, and what reaches their model. ALL=1 adds those of
# testscripts/clients/all, whose lock file lacks packages for other systems: `npm ci` refuses it.
# Needs Node 20 or newer; npm brings the Node 24 that OpenClaw needs.
test-clients: build
	cd testscripts/clients && npm ci --silent && npm rebuild --silent --ignore-scripts=false node
ifdef ALL
	cd testscripts/clients/all && npm install --silent --no-save && \
		npm rebuild --silent --ignore-scripts=false opencode-ai
endif
	cd testscripts/clients && npm run --silent $(if $(ALL),test-all,test)

# The npm packages of a release, installed by npm, npx and pnpm from a registry on loopback, and the
# bundles for Claude Desktop, which mcpb validates and unpacks. DIST names the release; without it,
# one for this machine is built, unless dist/ has one of this commit. Needs Node 20 or newer.
DIST ?=
test-npm:
	@$(if $(DIST),,$(if $(DIRTY),,test -e dist/npm/true-and-useful-janee-$(VERSION).tgz ||) \
		$(MAKE) --no-print-directory release PLATFORMS=$$($(GO) env GOOS)/$$($(GO) env GOARCH))
	cd testscripts/npm && npm ci --silent --no-audit --no-fund && \
		DIST=$(abspath $(or $(DIST),dist)) npm test --silent

# The tables of docs/performance.md: every way into janee beside the API itself, in one run of five
# minutes. Needs a quiet machine. BENCHFLAGS="-rounds 1 -each 300ms" is a short run; -json FILE
# keeps every figure.
BENCHFLAGS ?=
bench: build plugin
	$(GO) run ./testscripts/bench $(BENCHFLAGS)

# Go benchmarks of the packages that a call goes through. benchstat compares what two runs wrote:
# make benchstat OLD=old.txt NEW=new.txt
BENCHSTAT = golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da
BENCHCOUNT ?= 6
bench-go:
	@$(GO) test -run '^$$' -bench . -benchmem -count $(BENCHCOUNT) \
		./core/... ./cmd/janee/internal/...

benchstat:
	@$(GO) run $(BENCHSTAT) $(OLD) $(NEW)

# Every fuzz target for FUZZTIME each; go runs one at a time. Minimising is bounded: it would eat
# the time of the slow ones. What failed is run again: when its time is over go sometimes ends with
# "context deadline exceeded" and nothing found. What was found is kept in testdata and fails again
# at once.
fuzz:
	@for pkg in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
	    run="$(GO) test -run ^$$target\$$ -fuzz ^$$target\$$ -fuzztime $(FUZZTIME)"; \
	    run="$$run -fuzzminimizetime 5x $$pkg"; \
	    echo "$$pkg $$target"; $$run || $$run || exit 1; \
	  done; \
	done

clean:
	rm -rf bin dist testscripts/sdk/node_modules testscripts/conformance/node_modules \
		testscripts/servers/node_modules testscripts/npm/node_modules \
		testscripts/clients/node_modules testscripts/clients/all/node_modules \
		openclaw-plugin/node_modules \
		openclaw-plugin/e2e/node_modules openclaw-plugin/dist openclaw-plugin/*.tgz
