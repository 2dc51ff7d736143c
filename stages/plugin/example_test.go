package plugin_test

import (
	"encoding/json"
	"fmt"

	"repro/stages"
	"repro/stages/plugin"
	"repro/stages/sample"
)

// mostlyMono draws as the hybrid sampler does, with a probability of its own.
func mostlyMono(raw json.RawMessage) (sample.Sampler, error) {
	var p struct {
		Alpha float64 `json:"alpha"`
	}
	if err := stages.DecodeParams(raw, &p); err != nil {
		return nil, err
	}
	if p.Alpha < 0 || p.Alpha > 1 {
		return nil, &stages.ParamError{Param: "alpha", Problem: fmt.Sprintf("%v is no probability", p.Alpha), Hint: "Give a number from 0 to 1"}
	}
	return sample.Hybrid{Alpha: p.Alpha}, nil
}

// A plugin's whole main function.
func ExampleServe() {
	main := func() {
		plugin.Serve(plugin.Plugin{Samplers: []sample.Method{{
			Name:   "mostly-mono",
			Doc:    "Each batch is x-x-mono with probability alpha and x-y otherwise.",
			Params: []stages.Param{{Name: "alpha", Type: "number", Default: "0.8", Doc: "A probability, 0 to 1."}},
			New:    mostlyMono,
		}}})
	}
	_ = main // it serves until the engine goes away
	_, err := mostlyMono(json.RawMessage(`{"alpha": 8}`))
	fmt.Println(err)
	// Output: alpha: 8 is no probability. Give a number from 0 to 1
}
