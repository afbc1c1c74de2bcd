package ai.spattention.olmoe.safetensors;

/** The 16-bit floating-point formats; Java 17 knows neither. Conversions to them round to nearest, ties to even. */
final class FloatFormats {

    private FloatFormats() {}

    static float fromBfloat16(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    static short toBfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) (bits >>> 16 | 0x40); // rounding could turn a NaN into an infinity
        }
        int roundingBias = 0x7FFF + (bits >>> 16 & 1);
        return (short) (bits + roundingBias >>> 16);
    }

    static float fromFloat16(short half) {
        int sign = (half & 0x8000) << 16;
        int exponent = half >>> 10 & 0x1F;
        int mantissa = half & 0x3FF;
        if (exponent == 0) { // zero or subnormal: mantissa · 2^-24
            return Float.intBitsToFloat(sign | Float.floatToRawIntBits(mantissa * 0x1p-24f));
        }
        if (exponent == 0x1F) {
            return Float.intBitsToFloat(sign | 0x7F800000 | mantissa << 13);
        }
        return Float.intBitsToFloat(sign | exponent + 112 << 23 | mantissa << 13);
    }

    static short toFloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        int sign = bits >>> 16 & 0x8000;
        int magnitude = bits & 0x7FFFFFFF;
        if (magnitude > 0x7F800000) {
            return (short) (sign | 0x7E00 | magnitude >>> 13 & 0x3FF);
        }
        if (magnitude >= 0x477FF000) { // 65,520 and more round to infinity
            return (short) (sign | 0x7C00);
        }
        if (magnitude < 0x38800000) { // below 2^-14: adding 0.5 lets the float unit round to a multiple of 2^-24
            int rounded = Float.floatToRawIntBits(Float.intBitsToFloat(magnitude) + 0.5f);
            return (short) (sign | rounded - 0x3F000000);
        }
        int rounded = magnitude + 0xFFF + (magnitude >>> 13 & 1) - (112 << 23);
        return (short) (sign | rounded >>> 13);
    }
}
