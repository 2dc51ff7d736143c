//go:build gotch

// Command gotch shows that gotch, libtorch and this build fit together: it trains
// a small model and prints how its loss and the memory of the process go.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"repro/stages/train/gotch/torch"
)

func main() {
	var o options
	flag.IntVar(&o.steps, "steps", 1000, "optimiser steps")
	flag.IntVar(&o.torch.Threads, "threads", 1, "threads of an operation")
	flag.Uint64Var(&o.torch.Seed, "seed", 1, "of all random numbers")
	flag.BoolVar(&o.bfloat16, "bfloat16", false, "matrix products in bfloat16")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	fmt.Printf("libtorch %s\n", torch.Version())
	hash, err := smoke(ctx, o, func(step int, loss float64, resident int64) {
		if step%(max(1, o.steps/10)) == 0 || step == o.steps-1 {
			fmt.Printf("step %5d  loss %.6f  memory %.1f MB\n", step, loss, float64(resident)/1e6)
		}
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "gotch:", err)
		os.Exit(1)
	}
	fmt.Printf("weights %x\n", hash[:8])
}
