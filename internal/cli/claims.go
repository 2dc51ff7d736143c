package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"repro/reports/claims"
	"repro/reports/render"
)

type claimsFlags struct {
	workflowFlags
	format  string
	names   []string
	run     string
	strict  bool
	verbose bool
}

func newClaims(t *terminal, sdk fs.FS) *cobra.Command {
	f := claimsFlags{workflowFlags: workflowFlags{sdk: sdk}}
	c := &cobra.Command{
		Use:   "claims [FILE]",
		Short: "Judge the workflow's claims by the results at hand; run nothing",
		Long: "Judge each claim of the workflow on the results at hand and on the published numbers:\n" +
			"it holds, fails, is not significant or has no data. The exit code is 7 if a claim\n" +
			"fails on our results.",
		Args: cobra.MaximumNArgs(1),
		RunE: f.on(func(ctx context.Context, p *project) error { return p.claims(ctx, t, &f) }),
	}
	f.add(c)
	c.Flags().StringVarP(&f.format, "format", "f", formatText, "how to print: "+strings.Join(render.ClaimFormats(), ", "))
	c.Flags().StringArrayVar(&f.names, "only", nil, "judge only the claim `NAME`; may be repeated")
	c.Flags().StringVar(&f.run, "run", "", "judge by the earlier run `ID` (see history; a unique beginning will do)")
	c.Flags().BoolVar(&f.strict, "strict", false, "exit with 7 unless every claim holds on our results")
	c.Flags().BoolVarP(&f.verbose, "verbose", "v", false, "show all evidence, not only what decides")
	return c
}

func (p *project) claims(ctx context.Context, t *terminal, f *claimsFlags) (err error) {
	draw, err := render.ClaimsByName(f.format)
	if err != nil {
		return withCode(exitUsage, err)
	}
	found, store, err := p.found(ctx, t, f.run)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if found.Claims, err = only("claim", found.Claims, claimName, f.names); err != nil {
		return err
	}
	p.tellMissing(t, found, f.run)
	results, judgeErr := claims.Judge(ctx, found, claims.Options{})
	if judgeErr != nil {
		judgeErr = withCode(exitWorkflow, judgeErr)
	}
	if f.json {
		err = t.printJSON(results)
	} else if len(results) > 0 {
		err = draw(t.out, results, render.ClaimOptions{Options: render.Options{Color: color(t.out), Width: width(t.out)}, Verbose: f.verbose})
	}
	return errors.Join(judgeErr, err, claimsExit(t, len(found.Claims), results, f.strict))
}

// claimsExit says how many claims have which verdict on our results, and
// returns an error if that is not good enough.
func claimsExit(t *terminal, all int, results []claims.Result, strict bool) error {
	counts := map[claims.Verdict]int{}
	for i := range results {
		counts[results[i].Ours.Verdict]++
	}
	var parts []string
	for _, v := range []claims.Verdict{claims.Holds, claims.NotSignificant, claims.NoData, claims.Fails} {
		if counts[v] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[v], v))
		}
	}
	if all == 0 {
		t.say("note: there are no claims to judge")
	}
	if len(parts) == 0 { // errors say why, if there are claims
		return nil
	}
	t.say("claims on our results: %s", strings.Join(parts, ", "))
	if counts[claims.Fails] > 0 || (strict && counts[claims.Holds] < all) {
		return reported(exitClaim)
	}
	return nil
}
