//go:build gotch

package main

import (
	"encoding/json"
	"io"

	"github.com/sugarme/gotch"

	"repro/stages/train/gotch/torch"
)

// report is what "repro doctor" reads.
type report struct {
	Libtorch string `json:"libtorch"` // version
	CUDA     bool   `json:"cuda"`     // whether libtorch can use a GPU of this machine
	GPUs     []gpu  `json:"gpus"`     // that it can use
	Check    string `json:"check"`    // "" if a small product came out right, else what went wrong
}

type gpu struct {
	Free  int64 `json:"free"`  // bytes; -1 if unknown
	Total int64 `json:"total"` // bytes; -1 if unknown
}

func doctor(out io.Writer) error {
	r := report{Libtorch: torch.Version(), CUDA: gotch.CUDA.IsAvailable(), GPUs: []gpu{}}
	if err := torch.SelfTest(gotch.CPU); err != nil {
		r.Check = err.Error()
	}
	if r.CUDA {
		for i := range int(gotch.CUDA.DeviceCount()) {
			if err := torch.SelfTest(gotch.CudaBuilder(uint(i))); err != nil {
				r.Check = err.Error()
				continue
			}
			m := torch.MemoryOf(i)
			r.GPUs = append(r.GPUs, gpu{Free: m.Free, Total: m.Total})
		}
	}
	return json.NewEncoder(out).Encode(r)
}
