// Package cli is the command line: one file a command.
//
// It is the only place that prints, and the only one that knows all others:
// here the store, the kinds of stages and the executor are put together. The
// answer to a command goes to stdout, the story of how it came to be to stderr.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"repro/cache"
)

// Main runs the command line and returns the exit code. sdk is the source of
// this module, which plugins are built with.
func Main(args []string, sdk fs.FS, stdout, stderr io.Writer) int {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	ended := make(chan struct{})
	defer close(ended)
	go stopOnSignals(signals, ended, func() { cancel(errInterrupted) }, stderr)
	root := newRoot(&terminal{out: stdout, err: stderr}, sdk)
	root.SetArgs(args)
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	for _, e := range unreported(err) {
		switch {
		case errors.Is(e, cache.ErrMiss):
			e = fmt.Errorf("%w. What repro gc removed, a run of the workflow as it was then makes again", e)
		case errors.Is(e, syscall.ENOSPC) && command.Name() != "gc":
			e = fmt.Errorf("%w. What nobody needs is removed by: repro gc", e)
		}
		fmt.Fprintln(stderr, "repro:", e) //nolint:errcheck // there is nowhere left to say so
	}
	return exitCode(err)
}

// stopOnSignals lets the first signal ask the stages to stop: programs get a
// few seconds, then they and their children are killed, and the record is
// written. An impatient second signal would leave those children behind, so it
// takes a third to end this process at once.
func stopOnSignals(signals chan os.Signal, ended <-chan struct{}, stop func(), stderr io.Writer) {
	defer signal.Stop(signals)
	for n := 0; n < 2; n++ {
		select {
		case <-signals:
			if n == 1 {
				fmt.Fprintln(stderr, "repro: programs get 5 s to end; once more leaves them behind") //nolint:errcheck // there is nowhere left to say so
			}
			stop()
		case <-ended:
			return
		}
	}
}

func newRoot(t *terminal, sdk fs.FS) *cobra.Command {
	root := &cobra.Command{
		Use:   "repro",
		Short: "Run reproducible experiment workflows",
		Long: "repro runs the stages of a workflow file and keeps every result by its content,\n" +
			"so that a paper's tables come out again by running only what changed.",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetOut(t.out)
	root.SetErr(t.err)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return withCode(exitUsage, fmt.Errorf("%w (see: %s --help)", err, c.CommandPath()))
	})
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		newRun(t, sdk), newPlan(t, sdk), newValidate(t, sdk), newWhy(t, sdk), newHistory(t), newDiff(t, sdk), newStatus(t), newLog(t), newOutput(t),
		newExport(t, sdk), newImport(t, sdk), newGC(t),
		newReport(t, sdk), newClaims(t, sdk), newPaper(t, sdk), newPlugin(t, sdk), newDoctor(t, sdk), newVersion(t),
	)
	for _, c := range root.Commands() {
		c.Args = usageArgs(c.Args)
	}
	return root
}

// usageArgs gives a wrong number of arguments the exit code of a usage error.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if check == nil {
			return nil
		}
		if err := check(c, args); err != nil {
			return withCode(exitUsage, fmt.Errorf("%w (see: %s --help)", err, c.CommandPath()))
		}
		return nil
	}
}
