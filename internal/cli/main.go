// Package cli is the command line: one file a command.
//
// It is the only place that prints, and the only one that knows all others:
// here the store, the kinds of stages and the executor are put together. The
// answer to a command goes to stdout, the story of how it came to be to stderr.
package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Main runs the command line and returns the exit code.
func Main(args []string, stdout, stderr io.Writer) int {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	// The first signal asks the stages to stop and lets the record be written;
	// with the handler gone, a second one ends the process at once.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	go func() {
		select {
		case <-signals:
			signal.Stop(signals)
			cancel(errInterrupted)
		case <-ctx.Done():
		}
	}()
	root := newRoot(&terminal{out: stdout, err: stderr})
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	for _, e := range unreported(err) {
		fmt.Fprintln(stderr, "repro:", e) //nolint:errcheck // there is nowhere left to say so
	}
	return exitCode(err)
}

func newRoot(t *terminal) *cobra.Command {
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
		newRun(t), newPlan(t), newValidate(t), newStatus(t), newLog(t), newReport(t), newVersion(t),
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
