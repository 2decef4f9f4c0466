// What is used of WebAssembly. TypeScript has it only in its library of the browser, whose other
// names do not exist in Node.
declare namespace WebAssembly {
  class Module {
    private readonly compiled: true;
    static imports(module: Module): { module: string; name: string }[];
  }
  interface Memory { readonly buffer: ArrayBuffer; }
  interface Instance { readonly exports: Record<string, unknown>; }
  function compile(bytes: Uint8Array): Promise<Module>;
  let instantiate: (
    module: Module,
    imports: Record<string, Record<string, (...args: never[]) => unknown>>,
  ) => Promise<Instance>;
}
