package cli

import (
	"bytes"
	"cmp"
	"context"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/dustin/go-humanize"
)

// trainer is what is known of the trainer's folder.
type trainer struct {
	dir     string         // its folder
	made    bool           // there is such a folder
	lib     string         // folder of the libtorch that it was made for; "" if it does not say
	report  *trainerReport // what it says of itself; nil if it does not run
	problem string         // why it does not
}

// trainerReport is what `repro-gotch doctor` prints.
type trainerReport struct {
	Libtorch string // version
	CUDA     bool   // it can use a GPU
	Runtime  string // version of CUDA that libtorch brings along; "" for none
	Driver   string // newest version of CUDA that the driver knows; "" without a driver
	GPUs     []struct {
		Name, Capability string
		BFloat16         bool
		Free, Total      int64 // bytes; -1 if unknown
	}
	Check string // what goes wrong; "" for nothing
}

// buildTrainer is the command that makes the trainer.
func (d *doctor) buildTrainer() string {
	if p := d.needs.trainer; p != nil && p.Build != "" {
		return p.Build
	}
	return "npx --yes rust-just gotch"
}

// findTrainer looks for the trainer where the workflow declares it, or else in
// the project's bin.
func (d *doctor) findTrainer(ctx context.Context) *trainer {
	t := &trainer{dir: filepath.Join("bin", trainerFolder)}
	if p := d.needs.trainer; p != nil {
		t.dir = filepath.FromSlash(p.Source)
		if !filepath.IsAbs(t.dir) {
			t.dir = filepath.Join(filepath.Dir(d.project.file), t.dir)
		}
	} else if there := filepath.Join(d.project.root, t.dir); !exists(t.dir) && exists(there) {
		t.dir = there
	}
	if t.made = exists(t.dir); !t.made {
		t.problem = "there is no folder " + t.dir
		return t
	}
	t.lib = runpath(filepath.Join(t.dir, "libtch.so"))
	program, err := filepath.Abs(filepath.Join(t.dir, trainerFolder))
	if err != nil {
		t.problem = err.Error()
		return t
	}
	t.ask(ctx, program)
	return t
}

// runpath returns the folder, other than its own, where a library looks for
// those that it needs; "" if there is none.
func runpath(library string) string {
	file, err := elf.Open(library)
	if err != nil {
		return ""
	}
	defer file.Close() //nolint:errcheck // opened for reading
	for _, tag := range []elf.DynTag{elf.DT_RUNPATH, elf.DT_RPATH} {
		paths, _ := file.DynString(tag)
		for _, path := range strings.Split(strings.Join(paths, ":"), ":") {
			if filepath.IsAbs(path) {
				return path
			}
		}
	}
	return ""
}

// ask lets the trainer look at itself.
func (t *trainer) ask(ctx context.Context, program string) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, program, "doctor")
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var report trainerReport
	if err == nil {
		err = json.Unmarshal(stdout.Bytes(), &report)
	}
	switch {
	case err == nil && report.Check == "":
		t.report = &report
	case err == nil:
		t.problem = "it computes wrongly: " + report.Check
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		t.problem = fmt.Sprintf("it says nothing within %v", patience)
	default:
		t.problem = t.notStarting(err, strings.TrimSpace(stderr.String()))
	}
}

var loaderError = regexp.MustCompile(`error while loading shared libraries: (\S+): `)

// notStarting makes of what the loader or the program said what it means.
func (t *trainer) notStarting(err error, said string) string {
	if m := loaderError.FindStringSubmatch(said); m != nil {
		text := fmt.Sprintf("it does not start, as %s is not found", m[1])
		switch {
		case t.lib == "":
		case !exists(filepath.Join(t.lib, "libtorch.so")):
			text += fmt.Sprintf(": the libtorch that it was made for, in %s, is gone", t.lib)
		default:
			text += fmt.Sprintf(": the libtorch in %s is not the one that it was made for, or is not whole", t.lib)
		}
		return text
	}
	if strings.Contains(said, "symbol lookup error") {
		return fmt.Sprintf("it does not start: the libtorch in %s is not the one that it was made for", t.lib)
	}
	first, _, _ := strings.Cut(said, "\n")
	return strings.TrimSuffix(fmt.Sprintf("it does not start: %v: %s", err, first), ": ")
}

// trainer adds the trainer's line.
func (d *doctor) trainer(t *trainer, stale string) {
	const what = "trainer"
	build := d.buildTrainer()
	switch {
	case !t.made:
		d.add(what, lack(d.needs.training), t.problem, build)
	case t.report == nil:
		s := stateWarning
		if d.needs.training {
			s = stateMissing
		}
		d.add(what, s, t.dir+": "+t.problem, build)
	case d.needs.unusable != nil:
		d.add(what, stateMissing, t.describe()+"\n"+d.needs.unusable.Error(), build)
	case d.needs.cuda && d.needs.training && !t.report.CUDA:
		why, help := t.withoutGPU(build)
		d.add(what, stateMissing, t.describe()+"\n"+why+", but a stage computes on one", help)
	case stale != "":
		d.add(what, stateWarning, t.describe()+"\n"+stale, build)
	default:
		d.add(what, stateOK, t.describe(), "")
	}
}

// withoutGPU tells why libtorch can use no GPU, and what would help.
func (t *trainer) withoutGPU(build string) (why, help string) {
	r := t.report
	major := func(version string) string { return strings.Split(version, ".")[0] }
	switch {
	case r.Runtime == "":
		return "this libtorch is for the CPU alone", "LIBTORCH=DIR " + build + ", with a libtorch for CUDA in DIR (docs/gpu.md)"
	case r.Driver == "":
		return "libtorch finds no driver of a GPU", `see the line "NVIDIA driver"`
	case len(major(r.Driver)) < len(major(r.Runtime)) || major(r.Driver) < major(r.Runtime):
		return fmt.Sprintf("the driver is too old for this libtorch: it knows CUDA up to %s, not %s", r.Driver, r.Runtime),
			fmt.Sprintf("a newer driver, or LIBTORCH=DIR %s, with a libtorch for CUDA %s in DIR (docs/gpu.md)", build, major(r.Driver))
	default:
		return fmt.Sprintf("libtorch finds no GPU (CUDA_VISIBLE_DEVICES is %q)", os.Getenv("CUDA_VISIBLE_DEVICES")), "nvidia-smi"
	}
}

// describe says in one line what the trainer is.
func (t *trainer) describe() string {
	r := t.report
	text := "libtorch " + r.Libtorch
	if r.Runtime != "" {
		text += fmt.Sprintf(", CUDA %s (driver: up to %s)", r.Runtime, cmp.Or(r.Driver, "none"))
	} else {
		text += ", CPU"
	}
	for _, g := range r.GPUs {
		text += ", " + cmp.Or(g.Name, "a GPU")
		if g.Total >= 0 && g.Free >= 0 {
			text += fmt.Sprintf(" with %s, %s free", humanize.IBytes(uint64(g.Total)), humanize.IBytes(uint64(g.Free)))
		}
		if g.Capability != "" && !g.BFloat16 {
			text += ", without bfloat16"
		}
	}
	return text + "; in " + t.dir
}
