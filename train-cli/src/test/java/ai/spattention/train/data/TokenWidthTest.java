package ai.spattention.train.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokenWidthTest {

    @ParameterizedTest
    @CsvSource({"1, UINT16, 2", "257, UINT16, 2", "50304, UINT16, 2", "65536, UINT16, 2", "65537, UINT32, 4", "100278, UINT32, 4",
        "2147483647, UINT32, 4"})
    void isTheNarrowestThatHoldsTheLargestId(int vocabSize, TokenWidth width, int bytes) {
        assertEquals(width, TokenWidth.of(vocabSize));
        assertEquals(bytes, width.bytes());
        ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        width.put(buffer, vocabSize - 1);
        assertEquals(vocabSize - 1, width.get(buffer.flip()));
    }

    @Test
    void idsAreUnsigned() {
        byte[] ones = {-1, -1, -1, -1};
        assertEquals(65_535, TokenWidth.UINT16.get(ByteBuffer.wrap(ones)));
        assertEquals(4_294_967_295L, TokenWidth.UINT32.get(ByteBuffer.wrap(ones)));
    }

    @Test
    void theBufferGivesTheByteOrder() {
        ByteBuffer buffer = ByteBuffer.allocate(6).order(ByteOrder.LITTLE_ENDIAN);
        TokenWidth.UINT16.put(buffer, 0xABCD);
        TokenWidth.UINT32.put(buffer, 0x01020304);
        assertArrayEquals(new byte[] {(byte) 0xCD, (byte) 0xAB, 4, 3, 2, 1}, buffer.array());
    }
}
