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
	backend, format, searching := &trainer.Backend{}, embedder.Format(), searcher.Backend()
	plugin.Serve(plugin.Plugin{Variants: []stages.Extension{
		{Kind: "train", Variant: backend.Variant(), Stage: train.NewKind("train", backend)},
		{Kind: "embed", Variant: format.Variant, Stage: embed.NewKind("embed", format)},
		{Kind: "search", Variant: searching.Variant, Stage: search.NewKind("search", searching)},
	}})
}
