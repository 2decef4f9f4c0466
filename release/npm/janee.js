#!/usr/bin/env node
// Starts the program that npm installed for this platform, and ends as it ends. Nothing is
// downloaded here or at installation: the program is a package of its own, which npm chooses by its
// "os" and "cpu".
"use strict";

const { spawn } = require("node:child_process");
const { constants } = require("node:os");
const { name, version, optionalDependencies } = require("./package.json");

const packages = Object.keys(optionalDependencies);
const platform = `${process.platform}-${process.arch}`;
const wanted = `${name}-${platform}`;

const program = find();
if (program) run(program);

function find() {
  if (!packages.includes(wanted)) {
    const others = packages.map((p) => p.slice(name.length + 1)).join(", ");
    return fail(
      `${name} has no program for ${platform}, only for ${others}`,
      "build it with Go: go install github.com/true-and-useful/janee/cmd/janee@latest",
    );
  }
  const file = process.platform === "win32" ? "janee.exe" : "janee";
  try {
    // Node looks in every directory above too, where one of another version may be
    if (require(`${wanted}/package.json`).version === version)
      return require.resolve(`${wanted}/bin/${file}`);
  } catch {
    // it is missing
  }
  return fail(
    `${wanted}@${version} is missing, which holds the program: optional dependencies were left ` +
      "out, or node_modules is from another platform",
    `npm install --include=optional ${name}@${version}, with -g if it is installed globally`,
  );
}

function run(file) {
  // Handled from before the program is there, so that it never outlives this process. After Ctrl-C
  // it gets the signal twice, from the terminal and from here, and takes it as one. On Windows the
  // console tells both, and kill would end the program at once.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
    process.on(signal, () => process.platform === "win32" || child.kill(signal));
  const child = spawn(file, process.argv.slice(2), { stdio: "inherit", windowsHide: true });
  child.on("error", (err) => fail(`cannot start ${file}: ${err.message}`));
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
    if (!signal) return;
    // ends as the program did, unless Node ignores the signal, as it does SIGPIPE
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function fail(message, hint) {
  process.stderr.write(`janee: ${message}\n${hint ? `hint: ${hint}\n` : ""}`);
  process.exitCode = 1;
}
