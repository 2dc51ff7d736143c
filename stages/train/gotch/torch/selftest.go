//go:build gotch

package torch

import (
	"context"
	"fmt"

	"github.com/sugarme/gotch"
)

// SelfTest multiplies two matrices on a device and says what is wrong with that.
func SelfTest(device gotch.Device) error {
	return Run(context.Background(), Options{Threads: 1}, func(*Thread) error {
		a := Of([]float32{1, 2, 3, 4}, 2, 2).MustTo(device, true)
		got := Values[float32](a.MustMatmul(a, false))
		if want := [4]float32{7, 10, 15, 22}; [4]float32(got) != want {
			return fmt.Errorf("a product of matrices on %s is %v instead of %v", device.Name, got, want)
		}
		return nil
	})
}
