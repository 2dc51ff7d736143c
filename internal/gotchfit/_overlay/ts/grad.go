package ts

import lib "github.com/sugarme/gotch/libtch"

// MustGradSetEnabled says whether the thread records gradients from now on, and
// returns whether it did.
func MustGradSetEnabled(on bool) (before bool) {
	n := 0
	if on {
		n = 1
	}
	was := lib.AtGradSetEnabled(n)
	if err := TorchErr(); err != nil {
		fail(err)
	}
	return was == 1
}

// NoGrad calls fn without recording gradients, whatever fn does about it.
func NoGrad(fn func()) {
	before := MustGradSetEnabled(false)
	defer MustGradSetEnabled(before)
	fn()
}
