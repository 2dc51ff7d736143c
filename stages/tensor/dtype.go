package tensor

import (
	"encoding/binary"
	"math"
)

// The types of tensors that have a use here, as safetensors names them.
const (
	DtypeF16  = "F16"  // IEEE 754 binary16
	DtypeBF16 = "BF16" // the upper half of a binary32
	DtypeF32  = "F32"
	DtypeF64  = "F64"
	DtypeU8   = "U8"
	DtypeU16  = "U16"
	DtypeU32  = "U32"
	DtypeU64  = "U64"
)

// dtypeWidth returns the bytes of one value, 0 for a type that is not known.
// All types of the reference implementation are known but those of less than a
// byte.
func dtypeWidth(dtype string) int64 {
	switch dtype {
	case "BOOL", DtypeU8, "I8", "F8_E4M3", "F8_E5M2", "F8_E8M0":
		return 1
	case DtypeU16, "I16", DtypeF16, DtypeBF16:
		return 2
	case DtypeU32, "I32", DtypeF32:
		return 4
	case DtypeU64, "I64", DtypeF64, "C64":
		return 8
	default:
		return 0
	}
}

// isFloat tells whether values of a type can be read as float32.
func isFloat(dtype string) bool {
	switch dtype {
	case DtypeF16, DtypeBF16, DtypeF32, DtypeF64:
		return true
	}
	return false
}

// decode fills values from the little-endian bytes b of a float type, whose
// number fits.
func decode(values []float32, b []byte, dtype string) {
	switch dtype {
	case DtypeF32:
		for i := range values {
			values[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
	case DtypeF16:
		for i := range values {
			values[i] = float16(binary.LittleEndian.Uint16(b[2*i:]))
		}
	case DtypeBF16:
		for i := range values {
			values[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(b[2*i:])) << 16)
		}
	case DtypeF64:
		for i := range values {
			values[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:])))
		}
	}
}

// float16 returns the value of a binary16: a sign, 5 bits of exponent with bias
// 15 and 10 of fraction. Each is a binary32 too, which has 8 and 23 bits and
// bias 127.
func float16(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10)&0x1f, uint32(h)&0x3ff
	switch exponent {
	case 0: // zero, or subnormal: fraction × 2^-24
		v := float32(fraction) / (1 << 24)
		return math.Float32frombits(sign | math.Float32bits(v))
	case 0x1f: // infinite, or not a number
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	default:
		return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
	}
}
