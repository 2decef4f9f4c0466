// Package e2e holds the tests that run janee as it ships. TestMain builds the binary once.
// TestStories tells it every story of testscripts/; the other tests start it with a client, a
// terminal, a server or a fault of their own. The tests of the documents are here too, since
// TestDocs runs what the documents show.
//
// Each test of the binary has a home of its own, and ends with a search for its keys in all that
// the binary wrote or said. The race detector sees nothing of another process, so these tests are
// left out where it is on.
package e2e
