package hf

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"repro/stages/tensor"
)

// checkpoint is the weights in a folder, in one file or several.
type checkpoint struct {
	index  string            // the file that says where tensors are: the weights' own, or the list of shards
	shard  map[string]string // tensor → path of the file that has it
	opened map[string]*tensor.Reader
}

// openCheckpoint finds the weights of the folder dir.
func openCheckpoint(dir string) (*checkpoint, error) {
	c := &checkpoint{shard: make(map[string]string), opened: make(map[string]*tensor.Reader)}
	c.index = filepath.Join(dir, fileWeights)
	r, err := c.open(c.index)
	if err == nil {
		for _, name := range r.Names() {
			c.shard[name] = c.index
		}
		return c, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}

	c.index = filepath.Join(dir, fileIndex)
	var index struct {
		Shards map[string]string `json:"weight_map"`
	}
	there, err := readOptional(c.index, &index)
	if err != nil {
		return nil, err
	}
	if there {
		for name, file := range index.Shards {
			if file != filepath.Base(file) || !filepath.IsLocal(file) {
				return nil, badf(c.index, "weight_map: tensor %q is in %q, which is not a file of the folder", name, file)
			}
			c.shard[name] = filepath.Join(dir, file)
		}
		return c, nil
	}

	if torch, err := fs.Glob(os.DirFS(dir), "pytorch_model*.bin"); err == nil && len(torch) > 0 {
		return nil, badf(filepath.Join(dir, torch[0]), "only Python reads this file. Make a %s of it, in %s with PyTorch and safetensors: %s", fileWeights, dir, convertTorch)
	}
	return nil, badf(dir, "neither %s nor %s is there", fileWeights, fileIndex)
}

// convertTorch turns the pytorch_model.bin of a folder, or its shards, into a
// model.safetensors. Tensors may share memory in the one and not in the other.
const convertTorch = `python3 -c 'import glob, torch, safetensors.torch as s; w = {}; ` +
	`[w.update(torch.load(f, map_location="cpu", weights_only=True)) for f in glob.glob("pytorch_model*.bin")]; ` +
	`s.save_file({k: v.clone().contiguous() for k, v in w.items()}, "` + fileWeights + `", metadata={"format": "pt"})'`

// open returns the reader of a file, which close closes.
func (c *checkpoint) open(file string) (*tensor.Reader, error) {
	if r := c.opened[file]; r != nil {
		return r, nil
	}
	r, err := tensor.OpenSafetensors(file)
	if err != nil {
		return nil, err
	}
	c.opened[file] = r
	return r, nil
}

// close closes all files, which were opened for reading only.
func (c *checkpoint) close() {
	for _, r := range c.opened {
		_ = r.Close()
	}
}

// modern returns a tensor's name as it is today: BERT's first checkpoints call
// the two parts of a layer norm gamma and beta.
func modern(name string) string {
	if s, ok := strings.CutSuffix(name, layerNorm+".gamma"); ok {
		return s + layerNorm + ".weight"
	}
	if s, ok := strings.CutSuffix(name, layerNorm+".beta"); ok {
		return s + layerNorm + ".bias"
	}
	return name
}

// find returns the names that tensors have in the checkpoint, "" for those that
// are not there. Checkpoints with a head have the encoder under a prefix, such
// as "bert.": the one with which most of wanted are there counts.
func (c *checkpoint) find(wanted []string) ([]string, error) {
	names := make(map[string]string, len(c.shard)) // modern → in the checkpoint
	for name := range c.shard {
		if m := modern(name); m == name || c.shard[m] == "" {
			names[m] = name
		}
	}
	isWanted := make(map[string]bool, len(wanted))
	for _, name := range wanted {
		isWanted[name] = true
	}
	hits := make(map[string]int) // prefix → how many of wanted are there
	for name := range names {
		for rest, more := name, true; more; _, rest, more = strings.Cut(rest, ".") {
			if isWanted[rest] {
				hits[strings.TrimSuffix(name, rest)]++
			}
		}
	}
	best := ""
	for _, prefix := range slices.Sorted(maps.Keys(hits)) {
		if hits[prefix] > hits[best] {
			best = prefix
		}
	}
	for prefix, n := range hits {
		if n == len(wanted) && prefix != best && best != "" {
			return nil, badf(c.index, "two encoders fit, under %q and %q. Keep one of them", min(prefix, best), max(prefix, best))
		}
	}
	found := make([]string, len(wanted))
	for i, name := range wanted {
		found[i] = names[best+name]
	}
	return found, nil
}

// source is where the values of a tensor are.
type source struct {
	file string
	name string
	from *tensor.Reader
}

// sources finds tensors. One that is not there has no reader.
func (c *checkpoint) sources(wanted []string) ([]source, error) {
	names, err := c.find(wanted)
	if err != nil {
		return nil, err
	}
	all := make([]source, len(wanted))
	for i, name := range names {
		if name == "" {
			continue
		}
		file := c.shard[name]
		r, err := c.open(file)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, badf(c.index, "tensor %q is in the shard %s, which is missing", name, filepath.Base(file))
		}
		if err != nil {
			return nil, err
		}
		if _, ok := r.Info(name); !ok {
			return nil, badf(c.index, "tensor %q is not in the shard %s", name, filepath.Base(file))
		}
		all[i] = source{file: file, name: name, from: r}
	}
	return all, nil
}
