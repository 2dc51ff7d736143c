package host

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/proto"

	"repro/stages/plugin/v1"
)

// memory keeps a plugin's answers between runs, so that a run that has nothing
// to do starts no plugin. It lies in a folder that belongs to one state of the
// plugin's files. Whatever is wrong with it only means that it is asked again.
type memory struct{ dir string }

const (
	descriptionFile = "description.pb"
	goodDir         = "good" // a file for each parameters that were found good
)

func (m memory) description() (*pluginv1.Description, bool) {
	if m.dir == "" {
		return nil, false
	}
	raw, err := os.ReadFile(filepath.Join(m.dir, descriptionFile))
	d := &pluginv1.Description{}
	if err != nil || len(raw) == 0 || proto.Unmarshal(raw, d) != nil {
		return nil, false
	}
	return d, true
}

func (m memory) rememberDescription(d *pluginv1.Description) {
	raw, err := proto.Marshal(d)
	if err != nil {
		return
	}
	m.write(descriptionFile, raw)
}

func (m memory) good(req *pluginv1.CheckRequest) bool {
	if m.dir == "" {
		return false
	}
	_, err := os.Stat(filepath.Join(m.dir, goodDir, nameOf(req)))
	return err == nil
}

func (m memory) rememberGood(req *pluginv1.CheckRequest) {
	m.write(filepath.Join(goodDir, nameOf(req)), nil)
}

// write makes a file whole or not at all.
func (m memory) write(name string, content []byte) {
	path := filepath.Join(m.dir, name)
	if m.dir == "" || os.MkdirAll(filepath.Dir(path), 0o755) != nil {
		return
	}
	f, err := os.CreateTemp(filepath.Dir(path), "new-")
	if err != nil {
		return
	}
	_, err = f.Write(content)
	if closeErr := f.Close(); err != nil || closeErr != nil || os.Rename(f.Name(), path) != nil {
		_ = os.Remove(f.Name())
	}
}

func nameOf(req *pluginv1.CheckRequest) string {
	h := sha256.New()
	// By the whole message: which fields there are may grow.
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(req)
	if err != nil {
		return "" // a message that was made here always encodes
	}
	h.Write(raw)
	return hex.EncodeToString(h.Sum(nil))
}
