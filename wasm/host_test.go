//go:build !race

// The race detector sees nothing of the module, and slows the interpreter that runs it twentyfold.

package main

import (
	"bytes"
	"context"
	"sync"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/true-and-useful/janee/core/abi"
)

// The interpreter is 40 times slower than the compiler, and ready in a tenth of the time.
var runtime = sync.OnceValue(func() wazero.Runtime {
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	return r
})

var compile = sync.OnceValues(func() (wazero.CompiledModule, error) {
	m, err := module()
	if err != nil {
		return nil, err
	}
	return runtime().CompileModule(context.Background(), m)
})

func compiled(t testing.TB) wazero.CompiledModule {
	t.Helper()
	m, err := compile()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// instance is a running module. Its host gives it no file, no environment, no arguments, and a
// clock and randomness that are none.
type instance struct {
	t testing.TB
	m api.Module
}

func start(t testing.TB) *instance {
	t.Helper()
	m, err := runtime().InstantiateModule(t.Context(), compiled(t),
		wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close(context.Background()) })
	i := &instance{t, m}
	if v := i.call("janee_abi"); v != abi.Version {
		t.Fatalf("version %d", v)
	}
	return i
}

func (i *instance) call(name string, args ...uint64) uint32 {
	i.t.Helper()
	got, err := i.m.ExportedFunction(name).Call(context.Background(), args...)
	if err != nil {
		i.t.Fatalf("%s: %v", name, err)
	}
	if len(got) == 0 {
		return 0
	}
	return uint32(got[0])
}

func (i *instance) handle(frame []byte) []byte {
	i.t.Helper()
	at := i.call("janee_req", uint64(len(frame)))
	if at == 0 || !i.m.Memory().Write(at, frame) {
		i.t.Fatalf("no room for %d bytes", len(frame))
	}
	n := i.call("janee_do", uint64(len(frame)))
	answer, ok := i.m.Memory().Read(i.call("janee_res"), n)
	if !ok {
		i.t.Fatalf("the answer lies outside of the memory")
	}
	return bytes.Clone(answer)
}

// hosts are the ways to run core: as Go calls it and as any other language does.
var hosts = []struct {
	name  string
	start func(testing.TB) func([]byte) []byte
}{
	{"native", func(testing.TB) func([]byte) []byte { return new(abi.Instance).Handle }},
	{"wazero", func(t testing.TB) func([]byte) []byte { return start(t).handle }},
}

func onEach(t *testing.T, test func(*testing.T, func([]byte) []byte)) {
	for _, h := range hosts {
		t.Run(h.name, func(t *testing.T) { test(t, h.start(t)) })
	}
}

// TestBuffers: what does not fit is refused before it is written, and wiped buffers hold nothing.
func TestBuffers(t *testing.T) {
	i := start(t)
	if at := i.call("janee_req", abi.MaxFrame+1); at != 0 {
		t.Errorf("a buffer of too many bytes at %d", at)
	}
	frame := abi.Join([]byte(`{"v":1,"op":"seal","engine":1}`), []byte("sk_live_to_be_wiped"))
	i.handle(frame)
	if n := i.call("janee_do", abi.MaxFrame); n != 0 {
		t.Errorf("%d bytes of answer to more than there was", n)
	}
	i.call("janee_wipe")
	all, _ := i.m.Memory().Read(0, i.m.Memory().Size())
	if bytes.Contains(all, []byte("sk_live_to_be_wiped")) {
		t.Error("the value is left in memory")
	}
}
