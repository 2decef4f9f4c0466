// What builds a release of Janee: a module of its own, so that building janee needs none of it.
module github.com/true-and-useful/janee/release

go 1.26.0
