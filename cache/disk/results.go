package disk

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"

	"repro/cache"
)

// resultFormat is the first byte of a row of results. Rows with another one
// are as good as not there.
const resultFormat = 1

// Lookup returns the selected result of the action with this key.
func (s *Store) Lookup(ctx context.Context, key cache.Digest) (*cache.Result, error) {
	all, selected, err := s.results(ctx, key)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("result of action %s: %w", key.Short(), cache.ErrMiss)
	}
	return all[selected], nil
}

// History returns every distinct result of the action, oldest first.
func (s *Store) History(ctx context.Context, key cache.Digest) ([]*cache.Result, error) {
	all, _, err := s.results(ctx, key)
	return all, err
}

// Record adds r to the results of the action and selects it, in the place of an
// earlier one with the same outputs.
func (s *Store) Record(ctx context.Context, key cache.Digest, r *cache.Result) error {
	if err := s.queue.room(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all, _, err := s.results(ctx, key)
	if err != nil {
		return err
	}
	selected := slices.IndexFunc(all, r.SameOutputs)
	if selected < 0 {
		selected = len(all)
		all = append(all, nil)
	}
	all[selected] = r
	return s.queue.add(row{key: digestKey(classResult, key), value: encodeResults(all, selected)})
}

// results returns all results of the action, and which one is selected.
func (s *Store) results(ctx context.Context, key cache.Digest) ([]*cache.Result, int, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	value, ok, err := s.get(digestKey(classResult, key))
	if err != nil || !ok || value[0] != resultFormat {
		return nil, 0, err
	}
	return parseResults(value)
}

// encodeResults returns the value of a row of results. It takes a tenth of the
// time of JSON to read, which a run without any work mostly does.
func encodeResults(all []*cache.Result, selected int) []byte {
	b := []byte{resultFormat}
	b = binary.AppendUvarint(b, uint64(selected))
	b = binary.AppendUvarint(b, uint64(len(all)))
	for _, r := range all {
		b = binary.AppendUvarint(b, uint64(len(r.Outputs)))
		for _, port := range slices.Sorted(maps.Keys(r.Outputs)) {
			b = appendString(b, port)
			b = append(b, boolByte(r.Outputs[port].Tree))
			b = appendDigest(b, r.Outputs[port].Digest)
		}
		b = appendDigest(b, r.Log)
		b = binary.AppendVarint(b, int64(r.Took))
		b = appendString(b, string(r.Class))
		b = binary.AppendVarint(b, r.Recorded.Unix())
		b = binary.AppendUvarint(b, uint64(r.Recorded.Nanosecond()))
	}
	return b
}

func parseResults(value []byte) ([]*cache.Result, int, error) {
	d := decoder{rest: value[1:]}
	selected, count := d.uvarint(), d.uvarint()
	var all []*cache.Result
	for uint64(len(all)) < count && !d.failed {
		r := &cache.Result{Outputs: map[string]cache.Artifact{}}
		for range d.uvarint() {
			if d.failed {
				break
			}
			port := d.string()
			tree := d.byte() == 1
			r.Outputs[port] = cache.Artifact{Digest: d.digest(), Tree: tree}
		}
		r.Log = d.digest()
		r.Took = time.Duration(d.varint())
		r.Class = cache.Determinism(d.string())
		r.Recorded = time.Unix(d.varint(), int64(d.uvarint())).UTC()
		all = append(all, r)
	}
	if err := d.end(); err != nil || selected >= uint64(len(all)) {
		return nil, 0, fmt.Errorf("results: %w", errRow)
	}
	return all, int(selected), nil
}

func boolByte(v bool) byte {
	if v {
		return 1
	}
	return 0
}
