package tokenize_test

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"

	"repro/stages/tokenize"
)

// The types of pieces in a ModelProto.
const (
	normal = iota + 1
	unknown
	control
	userDefined
	unused
	byteKind
)

type piece struct {
	text  string
	score float32
	kind  uint64
}

// letters is a small model laid out as XLM-R's.
func letters(more ...piece) []piece {
	return append([]piece{
		{"<unk>", 0, unknown}, {"<s>", 0, control}, {"</s>", 0, control},
		{"▁", -3, normal}, {"a", -4, normal}, {"b", -4, normal}, {"▁a", -5, normal}, {"ab", -6, normal}, {"▁ab", -9.5, normal},
	}, more...)
}

// spModel encodes a ModelProto with the charsmap of rules.
func spModel(pieces []piece, trainer, normalizer []byte, rules map[string]string) string {
	var b []byte
	for _, p := range pieces {
		var m []byte
		m = protowire.AppendString(protowire.AppendTag(m, 1, protowire.BytesType), p.text)
		m = protowire.AppendFixed32(protowire.AppendTag(m, 2, protowire.Fixed32Type), math.Float32bits(p.score))
		m = protowire.AppendVarint(protowire.AppendTag(m, 3, protowire.VarintType), p.kind)
		b = protowire.AppendBytes(protowire.AppendTag(b, 1, protowire.BytesType), m)
	}
	b = protowire.AppendBytes(protowire.AppendTag(b, 2, protowire.BytesType), trainer)
	if rules != nil {
		normalizer = protowire.AppendBytes(protowire.AppendTag(normalizer, 2, protowire.BytesType), charsmap(rules))
	}
	return string(protowire.AppendBytes(protowire.AppendTag(b, 3, protowire.BytesType), normalizer))
}

// option encodes a field of a number or a boolean.
func option(number protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, number, protowire.VarintType), v)
}

// charsmap encodes a precompiled_charsmap whose trie has a block of 256 units
// for the children of each node: wasteful, and plain.
func charsmap(rules map[string]string) []byte {
	type node struct {
		at       uint32 // its unit
		children map[byte]*node
		value    uint32
		isKey    bool
	}
	root := &node{children: map[byte]*node{}}
	var replacements []byte
	for from, to := range rules {
		n := root
		for _, c := range []byte(from) {
			if n.children[c] == nil {
				n.children[c] = &node{children: map[byte]*node{}}
			}
			n = n.children[c]
		}
		n.isKey, n.value = true, uint32(len(replacements))
		replacements = append(append(replacements, to...), 0)
	}
	units := make([]uint32, 256)
	for queue := []*node{root}; len(queue) > 0; queue = queue[1:] {
		n := queue[0]
		block := uint32(len(units))
		units = append(units, make([]uint32, 256)...)
		for i := block; i < block+256; i++ {
			units[i] = 1 // a label that is not its own but of block^1
		}
		units[block+1] = 0
		units[n.at] |= (n.at ^ block) << 10
		if n.isKey {
			units[n.at] |= 1 << 8
			units[block] = n.value | 1<<31
		}
		for c, child := range n.children {
			child.at = block ^ uint32(c)
			units[child.at] = uint32(c)
			queue = append(queue, child)
		}
	}
	b := binary.LittleEndian.AppendUint32(nil, uint32(4*len(units)))
	for _, u := range units {
		b = binary.LittleEndian.AppendUint32(b, u)
	}
	return append(b, replacements...)
}

func TestUnigram(t *testing.T) {
	t.Parallel()
	bytes := letters()
	for i := range 256 {
		const hex = "0123456789ABCDEF"
		bytes = append(bytes, piece{"<0x" + string(hex[i>>4]) + string(hex[i&15]) + ">", 0, byteKind})
	}
	rules := map[string]string{"Ａ": "A", "A": "a", "A\u0301": "á", "\u200b": "", "\u3000": " ", "½": " 1/2 "}
	for name, test := range map[string]struct {
		model string
		want  map[string][]int32 // without <s> and </s>
	}{
		"the best sum": {spModel(letters(), nil, nil, nil), map[string][]int32{
			// ▁ab -9.5, ▁ + ab -9, ▁a + b -9: of equal sums the one that was found first stays.
			"ab": {4, 8}, "a": {7}, "b": {4, 6}, " a  b ": {7, 4, 6}, "": nil, " ": nil,
		}},
		"neighbours without a piece are one": {spModel(letters(), nil, nil, nil), map[string][]int32{
			"xy": {4, 3}, "xay": {4, 3, 5, 3}, "a\xff\xfeb": {7, 3, 6}, "<s>": {0}, "a</s> b": {7, 2, 4, 6}, "a <mask>b": {7, 10, 4, 6},
		}},
		"byte fallback": {spModel(bytes, option(35, 1), nil, nil), map[string][]int32{
			"é": {4, 10 + 0xc3, 10 + 0xa9}, "\xff": {4, 10 + 0xef, 10 + 0xbf, 10 + 0xbd},
		}},
		"user-defined symbols always win": {
			spModel(letters(piece{"ba", -100, userDefined}, piece{" x", 0, userDefined}), nil, nil, rules),
			// The space of the last one is written as ▁ before the model sees it.
			map[string][]int32{"bab": {4, 10, 6}, "Aba": {7, 10}, "a x": {7, 4, 3}},
		},
		"unused pieces are not used": {spModel(letters(piece{"aba", -1, unused}), nil, nil, nil), map[string][]int32{
			"aba": {4, 8, 5},
		}},
		"the longest rule of the charsmap": {spModel(letters(piece{"á", -4, normal}), nil, nil, rules), map[string][]int32{
			"ＡA": {4, 3, 5}, "A\u0301": {4, 10}, "a\u200bb": {4, 8}, "\u3000a\u3000 b\u3000": {7, 4, 6}, "½": {4, 3},
		}},
		"spaces are kept": {spModel(letters(), nil, option(4, 0), nil), map[string][]int32{
			" a": {4, 7}, "a ": {7, 4}, " ": {4, 4},
		}},
		"no dummy prefix": {spModel(letters(), nil, option(3, 0), nil), map[string][]int32{
			"ab": {8}, "b a": {6, 7},
		}},
		"dummy suffix": {spModel(letters(piece{"a▁", -1, normal}), option(24, 1), nil, nil), map[string][]int32{
			"a": {10}, "b a": {6, 4, 10},
		}},
		"spaces are not escaped": {spModel(letters(piece{" a", -1, normal}), nil, option(5, 0), nil), map[string][]int32{
			"a": {10}, "a a": {10, 10},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tok, err := tokenize.LoadFS(fstest.MapFS{"sentencepiece.bpe.model": {Data: []byte(test.model)}})
			if err != nil {
				t.Fatal(err)
			}
			for text, want := range test.want {
				if diff := cmp.Diff(slices.Concat([]int32{0}, want, []int32{2}), tok.Encode(text, 0)); diff != "" {
					t.Errorf("%q (-want +got):\n%s", text, diff)
				}
			}
		})
	}
}
