package cli

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"repro/engine/local"
	"repro/internal/gotchfit"
)

// What helps where no libtorch is: Debian's for a CPU, PyTorch's for a GPU.
const (
	getForCPU = "apt-get install g++ libtorch-dev libopenblas0-pthread"
	getForGPU = "python3 -m venv ~/torch && ~/torch/bin/pip install torch && export LIBTORCH=$(echo ~/torch/lib/python3*/site-packages/torch)"
)

// training adds the lines of all that training with libtorch takes.
func (d *doctor) training(ctx context.Context, t *trainer) {
	named := os.Getenv("LIBTORCH") != ""
	found, err := gotchfit.Find(ctx, gotchfit.Search{Libtorch: os.Getenv("LIBTORCH")})
	build := d.needs.training && t.report == nil
	compiler := "g++"
	if name := os.Getenv("CXX"); name != "" {
		compiler = name
	}
	d.program(ctx, "C++ compiler", build, ", which the trainer is built with", "apt-get install g++", compiler, "--version")
	d.libtorch(t, found, err, named, build)
	d.blas(t, found)
	d.driver(ctx, t, t.report != nil && t.report.Runtime != "" || found != nil && found.CUDA)
	d.trainer(t, t.stale(found, named))
}

// libtorch adds the line of the libtorch that the trainer would be built for.
func (d *doctor) libtorch(t *trainer, found *gotchfit.Libtorch, err error, named, build bool) {
	const what = "libtorch"
	if err == nil {
		text := strings.TrimPrefix(found.String(), "libtorch ")
		if !found.CUDA && len(local.Machine().GPUs) > 0 && (t.report == nil || !t.report.CUDA) {
			d.add(what, stateWarning, text+"\nthere is a GPU, which it cannot use", getForGPU)
			return
		}
		d.add(what, stateOK, text, "")
		return
	}
	help := getForCPU
	if d.needs.cuda {
		help = getForGPU
	}
	text := err.Error()
	if none := (*gotchfit.NotFoundError)(nil); errors.As(err, &none) {
		var tried []string
		for _, e := range none.Tried {
			tried = append(tried, e.Error())
		}
		text = strings.Join(tried, "; ")
	}
	s := lack(build)
	switch {
	case named && !build: // who names one means it
		s, help = stateWarning, "unset LIBTORCH, or set it to an unpacked official libtorch or to the folder torch of a Python"
	case named:
		help = "set LIBTORCH to an unpacked official libtorch or to the folder torch of a Python; or unset it, and: " + help
	case t.report != nil && t.lib != "":
		text, help = "none but the trainer's, in "+t.lib, ""
	}
	d.add(what, s, text, help)
}

// stale tells whether the trainer was made for another libtorch than there is
// now, where that is likely not meant.
func (t *trainer) stale(found *gotchfit.Libtorch, named bool) string {
	if t.report == nil || found == nil || t.lib == "" {
		return ""
	}
	same := canonical(t.lib) == canonical(found.Lib)
	switch {
	case same && t.report.Libtorch != found.Version:
		return fmt.Sprintf("it was made for libtorch %s; since then %s became %s", t.report.Libtorch, found.Lib, found.Version)
	case !same && named:
		return fmt.Sprintf("it was made for the libtorch in %s, but LIBTORCH is another now", t.lib)
	default:
		return ""
	}
}

func canonical(dir string) string {
	if path, err := filepath.EvalSymlinks(dir); err == nil {
		return path
	}
	return filepath.Clean(dir)
}

// blas adds a line about matrix products, if libtorch leaves them to the
// system's library. Debian has one that is made to be read and not to be fast.
func (d *doctor) blas(t *trainer, found *gotchfit.Libtorch) {
	const what, library = "BLAS", "libblas.so.3"
	lib := t.lib
	if lib == "" && found != nil {
		lib = found.Lib
	}
	file, err := elf.Open(filepath.Join(lib, "libtorch_cpu.so"))
	if err != nil {
		return
	}
	defer file.Close() //nolint:errcheck // opened for reading
	needed, err := file.ImportedLibraries()
	if err != nil || !slices.Contains(needed, library) {
		return // it brings its own
	}
	path := ""
	for _, dir := range append(filepath.SplitList(os.Getenv("LD_LIBRARY_PATH")), lib) {
		if path, err = filepath.EvalSymlinks(filepath.Join(dir, library)); err == nil {
			break
		}
	}
	const help = "apt-get install libopenblas0-pthread"
	switch {
	case path == "": // where else the loader looks is its own business
	case filepath.Base(filepath.Dir(path)) == "blas":
		d.add(what, stateWarning, path+" is the reference implementation: training takes some 24 times as long as with OpenBLAS", help)
	default:
		d.add(what, stateOK, path, "")
	}
}

var driverVersion = regexp.MustCompile(`\s(\d{3,}(\.\d+)+)\s`)

// driver adds the line of NVIDIA's driver and of the GPUs that it has.
func (d *doctor) driver(ctx context.Context, t *trainer, useful bool) {
	const what = "NVIDIA driver"
	gpus, version, problem := nvidiaSMI(ctx)
	if text, err := os.ReadFile("/proc/driver/nvidia/version"); err == nil && version == "" {
		if m := driverVersion.FindSubmatch(text); m != nil {
			version = string(m[1])
		}
	}
	if version == "" && t.report != nil && t.report.Driver != "" { // a container may have no more of it than its library
		version, problem = "for CUDA up to "+t.report.Driver, ""
	}
	text := strings.Join(append([]string{version}, gpus...), ", ")
	switch visible := len(local.Machine().GPUs); {
	case version == "" && problem != "":
		d.add(what, d.without(useful), problem, "nvidia-smi tells more; after an update of the driver, restart the machine")
	case version == "":
		d.add(what, d.without(useful), "none", "apt-get install nvidia-driver (Debian's non-free), or in a container: start it with --gpus all")
	case visible < d.needs.gpus:
		set := "there are no device nodes /dev/nvidia0 …: start the container with --gpus all, or in WSL: export CUDA_VISIBLE_DEVICES=0"
		if devices, ok := os.LookupEnv("CUDA_VISIBLE_DEVICES"); ok {
			set = fmt.Sprintf("CUDA_VISIBLE_DEVICES is %q", devices)
		}
		d.add(what, stateMissing, fmt.Sprintf("%s; a stage occupies %d GPUs, of %d that may be used", text, d.needs.gpus, visible), set)
	default:
		d.add(what, stateOK, text, "")
	}
}

// without is the state where there is no driver: a libtorch that could use one
// makes it worth a word.
func (d *doctor) without(useful bool) state {
	if s := lack(d.needs.cuda); s == stateMissing || !useful {
		return s
	}
	return stateWarning
}

// nvidiaSMI returns the GPUs with their memory and the driver's version, as
// NVIDIA's program says them; all empty if there is no such program.
func nvidiaSMI(ctx context.Context) (gpus []string, version, problem string) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "nvidia-smi", "--query-gpu=driver_version,memory.total,name", "--format=csv,noheader").CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return nil, "", ""
	}
	if err != nil {
		line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		return nil, "", strings.TrimSuffix(fmt.Sprintf("nvidia-smi fails: %v: %s", err, line), ": ")
	}
	for line := range strings.Lines(string(out)) {
		if fields := strings.SplitN(strings.TrimSpace(line), ", ", 3); len(fields) == 3 {
			version = fields[0]
			gpus = append(gpus, fmt.Sprintf("%s (%s)", fields[2], fields[1]))
		}
	}
	return gpus, version, ""
}
