package plot

import (
	"math"
	"slices"

	"repro/reports"
)

// axis maps values from lo to hi to places from one end to the other.
type axis struct{ lo, hi, from, to float64 }

func (a axis) place(v float64) float64 {
	if a.hi == a.lo {
		return a.from
	}
	return a.from + (v-a.lo)/(a.hi-a.lo)*(a.to-a.from)
}

// tick is a round value on an axis.
type tick struct {
	value float64
	label string
}

// fitting returns ticks whose labels do not touch each other.
func (a axis) fitting(size float64) []tick {
	for wanted := 4; ; wanted-- {
		all := a.ticks(wanted)
		if wanted == 1 || len(all) < 2 {
			return all
		}
		room := a.place(all[1].value) - a.place(all[0].value)
		if !slices.ContainsFunc(all, func(t tick) bool { return textWidth(t.label, size)+6 > room }) {
			return all
		}
	}
}

// ticks returns round values on the axis, about as many as wanted.
func (a axis) ticks(wanted int) []tick {
	span := a.hi - a.lo
	if !(span > 0) || math.IsInf(span, 0) {
		return nil
	}
	step := math.Pow(10, math.Floor(math.Log10(span/float64(wanted))))
	for _, factor := range []float64{2, 2.5, 2} { // 1, 2, 5, 10 times the power of ten
		if span/step > float64(wanted)+.5 {
			step *= factor
		}
	}
	scale := reports.Scale{Digits: max(0, -int(math.Floor(math.Log10(step)+1e-9)))}
	var all []tick
	for i := math.Ceil(a.lo/step - 1e-9); i*step <= a.hi+span*1e-9; i++ {
		all = append(all, tick{value: i * step, label: scale.Format(i * step)})
	}
	return all
}
