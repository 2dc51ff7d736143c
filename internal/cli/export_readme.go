package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"repro/cache"
)

// description says in a sentence what the bundle has.
func (x *exporter) description() string {
	text := fmt.Sprintf("The workflow %s with all results of its %d stages, its tables, logs and files.", x.workflowID(), len(x.results))
	if x.workflow.Description != "" {
		text = strings.TrimSuffix(x.workflow.Description, ".") + ". " + text
	}
	if n := x.missing(); n > 0 {
		text += fmt.Sprintf(" %d stages have no result.", n)
	}
	if n := len(x.left); n > 0 {
		text += fmt.Sprintf(" What %d stages made is left out.", n)
	}
	return text
}

// readme returns the text that people read first.
func (x *exporter) readme() string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	r := x.record
	again := &project{flags: &workflowFlags{vars: plainVars(r.Vars)}, file: r.Workflow}
	say("# %s\n", x.name())
	say("%s\n", x.description())
	say("Made with repro %s on %s/%s, from %s to %s.", r.Host.Repro, r.Host.OS, r.Host.Arch, r.Started.Format("2006-01-02 15:04"), r.Made().Format("2006-01-02 15:04 MST"))
	if r.Commit != "" {
		say("The project was at commit %s%s.", r.Commit, map[bool]string{true: ", with changes that were not committed"}[r.Dirty != ""])
	}
	say("\n## To look at it\n")
	say("| | |\n|---|---|")
	for _, row := range [][2]string{
		{bundleTables, "the tables, for reading (`.md`) and for programs (`.csv`, `.json`)"},
		{bundleWorkflow, "the workflow and the files of the project that it reads, where they lie from the project's root"},
		{bundleLogs, "what each stage wrote"},
		{"run.json", "what became of each stage: its inputs, and its outputs by their SHA-256"},
		{"blobs/sha256/", "the outputs, named by their SHA-256"},
		{"ro-crate-metadata.json", "which stage made which file of which, as a Workflow Run RO-Crate"},
	} {
		say("| `%s` | %s |", row[0], row[1])
	}
	say("\n`sha256sum --quiet -c SHA256SUMS` in this folder says whether all files are whole.")
	if len(x.left) > 0 {
		say("\n## Left out\n")
		say("| stage | size | outputs, by their SHA-256 (of a folder, that of its list of files) |\n|---|---:|---|")
		for _, r := range x.results {
			if blobs, left := x.left[r.Addr]; left {
				say("| `%s` | %s | %s |", r.Addr, sizeOf(blobs), outputsText(r.Result.Outputs))
			}
		}
	}
	say("\n## To go on with it\n")
	say("With a clone of the project, or in the folder `workflow/` of this bundle:\n")
	say("```sh\nrepro import BUNDLE.zip\n%s\n```\n", again.command("run", r.Targets...))
	say("Nothing is computed where programs and plugins are of the versions that the results were made with;")
	say("`repro plan` says what is not. An import takes the results on trust: run without it to compute all of them again.")
	say("\n## Before you pass it on\n")
	say("The bundle has the data that the workflow reads and what was downloaded for it, as far as it is not left out.")
	say("The licences of that data hold for the bundle too.")
	return b.String()
}

func sizeOf(blobs []cache.Digest) string {
	var bytes int64
	for _, d := range blobs {
		bytes += d.Size
	}
	return size(bytes)
}

func outputsText(outputs map[string]cache.Artifact) string {
	var list []string
	for _, port := range slices.Sorted(maps.Keys(outputs)) {
		list = append(list, fmt.Sprintf("%s `%s`", port, outputs[port].Digest.Hex()))
	}
	return strings.Join(list, ", ")
}
