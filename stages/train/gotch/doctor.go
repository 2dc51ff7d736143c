//go:build gotch

package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/sugarme/gotch"

	"repro/stages/train/gotch/torch"
)

// report is what "repro doctor" reads.
type report struct {
	Libtorch string `json:"libtorch"` // version
	CUDA     bool   `json:"cuda"`     // whether libtorch can use a GPU of this machine
	Runtime  string `json:"runtime"`  // version of CUDA that libtorch brings along, as "12.8"; "" for none
	Driver   string `json:"driver"`   // the newest version of CUDA that NVIDIA's driver knows; "" without a driver
	GPUs     []gpu  `json:"gpus"`     // that libtorch can use
	Check    string `json:"check"`    // "" if a small product came out right everywhere, else what went wrong
}

type gpu struct {
	Name       string `json:"name"`       // "" if unknown
	Capability string `json:"capability"` // as "9.0"; "" if unknown
	BFloat16   bool   `json:"bfloat16"`   // whether it multiplies in bfloat16 by itself
	Free       int64  `json:"free"`       // bytes; -1 if unknown
	Total      int64  `json:"total"`      // bytes; -1 if unknown
}

func doctor(out io.Writer) error {
	r := report{
		Libtorch: torch.Version(), CUDA: gotch.CUDA.IsAvailable(),
		Runtime: runtimeVersion(), Driver: driverVersion(), GPUs: []gpu{},
	}
	if err := torch.SelfTest(gotch.CPU); err != nil {
		r.Check = err.Error()
	}
	if r.CUDA {
		for i := range int(gotch.CUDA.DeviceCount()) {
			g := describeGPU(i)
			if err := torch.SelfTest(gotch.CudaBuilder(uint(i))); err != nil {
				r.Check = fmt.Sprintf("GPU %d: %v", i, err)
			} else {
				m := torch.MemoryOf(i)
				g.Free, g.Total = m.Free, m.Total
			}
			r.GPUs = append(r.GPUs, g)
		}
	}
	return json.NewEncoder(out).Encode(r)
}
