package ai.spattention.olmoe.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TextPiecesTest {

    private static List<String> pieces(int... bytes) {
        TextPieces pieces = new TextPieces(new ByteTokenizer());
        List<String> given = new ArrayList<>();
        for (int value : bytes) {
            given.add(pieces.add(value));
        }
        given.add(pieces.end());
        return given;
    }

    @Test
    void charactersComeWhole() {
        assertEquals(List.of("a", "", "é", "", "", "", "😀", "b", ""), pieces('a', 0xC3, 0xA9, 0xF0, 0x9F, 0x98, 0x80, 'b'));
    }

    @Test
    void whatIsNoCharacterComesAtTheEnd() {
        assertEquals(List.of("a", "", "\uFFFDb", "", "\uFFFD"), pieces('a', 0xC3, 'b', 0xC3));
    }
}
