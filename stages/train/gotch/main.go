//go:build gotch

// Command repro-gotch is the plugin "transformer": it trains and applies BERT,
// XLM-R and LaBSE encoders on libtorch, where the engine itself is pure Go.
//
// Beside what every plugin does when started by hand, "doctor" prints as JSON
// what this build and this machine offer.
package main

import (
	"fmt"
	"os"
	"time"

	"repro/stages"
	"repro/stages/embed"
	"repro/stages/plugin"
	"repro/stages/search"
	"repro/stages/train"
	"repro/stages/train/gotch/embedder"
	"repro/stages/train/gotch/searcher"
	"repro/stages/train/gotch/trainer"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "doctor" {
		if err := doctor(os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "repro-gotch:", err)
			os.Exit(1)
		}
		return
	}
	every, err := checkpointEvery()
	if err != nil {
		fmt.Fprintln(os.Stderr, "repro-gotch:", err)
		os.Exit(1)
	}
	backend, format, searching := &trainer.Backend{CheckpointEvery: every}, embedder.Format(), searcher.Backend()
	plugin.Serve(plugin.Plugin{Variants: []stages.Extension{
		{Kind: "train", Variant: backend.Variant(), Stage: train.NewKind("train", backend)},
		{Kind: "embed", Variant: format.Variant, Stage: embed.NewKind("embed", format)},
		{Kind: "search", Variant: searching.Variant, Stage: search.NewKind("search", searching)},
	}})
}

// checkpointEvery returns how long to train between two checkpoints, which a
// machine that is taken away now and then may set; 0 leaves it to the trainer.
func checkpointEvery() (time.Duration, error) {
	const name = "REPRO_CHECKPOINT_EVERY"
	text := os.Getenv(name)
	if text == "" {
		return 0, nil
	}
	every, err := time.ParseDuration(text)
	if err != nil || every <= 0 {
		return 0, fmt.Errorf("%s is %q: give a time, such as 5m or 30s", name, text)
	}
	return every, nil
}
