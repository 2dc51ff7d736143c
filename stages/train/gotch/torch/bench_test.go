//go:build gotch

package torch_test

import (
	"testing"

	"github.com/sugarme/gotch/ts"

	"repro/stages/train/gotch/torch"
)

// An operation on three numbers: what the way from Go to libtorch costs.
func BenchmarkOperation(b *testing.B) {
	err := torch.Run(b.Context(), torch.Options{Threads: 1}, func(th *torch.Thread) error {
		x := ones(3)
		one := ts.FloatScalar(1)
		for b.Loop() {
			err := th.Arena(func() error {
				for range 100 {
					x.MustAddScalar(one, false)
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/operation")
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}
