//go:build gotch

package trainer

import (
	"fmt"
	"time"

	"github.com/sugarme/gotch"

	"repro/stages/train/gotch/encoder"
	"repro/stages/train/gotch/torch"
)

// meter measures how fast the training goes.
type meter struct {
	since time.Time
	rows  int
	flops float64
}

func (m *meter) start() { *m = meter{since: time.Now()} }

func (m *meter) add(e *encoder.Encoder, b *tokens) {
	m.rows += b.queries
	for _, t := range b.texts {
		m.flops += 3 * e.FLOPs(len(t))
	}
}

// note says about once a second how it goes.
func (m *meter) note(loss, norm float64, device gotch.Device) (string, bool) {
	took := time.Since(m.since)
	if took < time.Second {
		return "", false
	}
	held := int64(-1)
	if device.IsCuda() {
		m := torch.MemoryOf(device.Value)
		if held = m.Allocated; held < 0 {
			held = m.Total - m.Free // of all processes
		}
	}
	if held < 0 {
		held, _ = torch.Resident() // a note without it says 0
	}
	text := fmt.Sprintf("loss %.4f, gradient %.2f, %.0f pairs/s, %.2g TFLOP/s, %.1f GB", loss, norm,
		float64(m.rows)/took.Seconds(), m.flops/took.Seconds()/1e12, float64(held)/1e9)
	m.start()
	return text, true
}
