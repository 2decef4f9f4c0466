package main

import (
	"fmt"
	"slices"
	"strings"
)

const allPlatforms = "linux/amd64,linux/arm64,darwin/amd64,darwin/arm64," +
	"windows/amd64,windows/arm64"

// Platform is what a binary runs on, by the names of Go.
type Platform struct{ OS, Arch string }

// Program is the name of the binary.
func (p Platform) Program() string {
	if p.OS == "windows" {
		return "janee.exe"
	}
	return "janee"
}

func parsePlatforms(list string) (platforms []Platform, err error) {
	for _, word := range strings.Split(list, ",") {
		if !slices.Contains(strings.Split(allPlatforms, ","), word) {
			return nil, fmt.Errorf("platform %q is none of %s", word, allPlatforms)
		}
		os, arch, _ := strings.Cut(word, "/")
		platforms = append(platforms, Platform{os, arch})
	}
	return platforms, nil
}
