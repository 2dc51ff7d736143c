// Command cmd fits gotch to the libtorch of this machine; see package gotchfit.
// Its arguments are C++ files, with their headers, to compile into libtch.so. It
// reads LIBTORCH and CXX, runs in the main module's root, and says on standard
// output what it found.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"repro/internal/gotchfit"
)

func main() {
	out := flag.String("out", "bin/gotch", "folder to make")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *out, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "gotchfit:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out string, additions []string) error {
	began := time.Now()
	r, err := gotchfit.Fit(ctx, gotchfit.Options{
		Search:    gotchfit.Search{Libtorch: os.Getenv("LIBTORCH")},
		Compiler:  os.Getenv("CXX"),
		Main:      ".",
		Out:       out,
		Additions: additions,
	})
	if err != nil {
		return err
	}
	fmt.Println(r.Libtorch)
	did := "is up to date"
	if r.Compiled {
		did = fmt.Sprintf("compiled in %.0f s", time.Since(began).Seconds())
	}
	fmt.Printf("%s/libtch.so %s; %d functions of gotch are not in this libtorch\n", out, did, len(r.Pruned))
	return nil
}
