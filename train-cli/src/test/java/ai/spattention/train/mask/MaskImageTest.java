package ai.spattention.train.mask;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.pattern.Band;
import ai.spattention.pattern.HeadMask;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.pattern.Stride;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Pixels of the drawings, at the centres of the cells. */
class MaskImageTest {

    private static final int SEEN = 0x1F5FA8;
    private static final int UNSEEN = 0xE9EEF4;
    private static final int FUTURE = 0xFFFFFF;

    /** Where the first panel's cells begin, and how far apart panels are beyond their own side. */
    private static final int LEFT = 28;
    private static final int TOP = 84;
    private static final int GAP = 28;
    private static final int TITLE_AND_GAP = 68;

    @ParameterizedTest(name = "{0} heads, length {1}: {2} x {3}")
    @CsvSource({
        "1, 1, 360, 368", // one cell of 256, and room for the title
        "2, 16, 596, 368",
        "8, 64, 2300, 368",
        "9, 64, 2300, 692", // a second row of panels
        "2, 100, 484, 312", // 100 cells of 2 pixels
        "2, 1000, 596, 368"}) // reduced to 256 cells
    void isAsLargeAsItsPanels(int heads, int length, int width, int height) {
        BufferedImage image = draw(StandardPattern.SP, heads, length);
        assertEquals(width, image.getWidth());
        assertEquals(height, image.getHeight());
    }

    @ParameterizedTest
    @EnumSource
    void coloursWhatAHeadSees(StandardPattern pattern) {
        int heads = 10;
        int length = 32;
        int cell = 8;
        BufferedImage image = draw(pattern, heads, length);
        for (int head = 0; head < heads; head++) {
            HeadMask mask = pattern.headMask(head, heads, length);
            int left = LEFT + head % 8 * (256 + GAP);
            int top = TOP + head / 8 * (256 + TITLE_AND_GAP);
            for (int query = 0; query < length; query++) {
                for (int key = 0; key < length; key++) {
                    int expected = key > query ? FUTURE : mask.sees(query, key) ? SEEN : UNSEEN;
                    assertEquals(expected, colour(image, left + key * cell + cell / 2, top + query * cell + cell / 2),
                            "head " + head + ", query " + query + ", key " + key);
                }
            }
        }
    }

    /** What a mix-up of the two axes would turn over. */
    @Test
    void queriesGoDownAndKeysToTheRight() {
        HeadMask firstKey = new HeadMask(List.of(), 1, Stride.NONE);
        BufferedImage image = MaskImage.draw("prefix", List.of(firstKey), 4);
        assertEquals(SEEN, colour(image, LEFT + 32, TOP + 3 * 64 + 32));
        assertEquals(UNSEEN, colour(image, LEFT + 64 + 32, TOP + 3 * 64 + 32));
        assertEquals(FUTURE, colour(image, LEFT + 3 * 64 + 32, TOP + 32));
    }

    @Test
    void thinBandsStayVisibleInALongSequence() {
        int length = 256 * 64;
        BufferedImage image = MaskImage.draw("thin", List.of(HeadMask.ofBands(new Band(length / 2, length / 2 + 1))), length);
        int thin = colour(image, LEFT + 127, TOP + 255);
        int third = ((UNSEEN >> 16) - (SEEN >> 16)) / 3;
        assertTrue(thin >> 16 <= (UNSEEN >> 16) - third, "at least a third of the way: " + Integer.toHexString(thin));
        assertTrue(thin >> 16 > SEEN >> 16, "told from a cell that is seen in full: " + Integer.toHexString(thin));
        assertEquals(UNSEEN, colour(image, LEFT + 125, TOP + 255));
    }

    @Test
    void writesAPngAndReplacesWhatWasThere(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("mask.png"), "an older file");
        List<HeadMask> masks = masks(StandardPattern.SP, 2, 16);
        MaskImage.write("sp", masks, 16, file);
        BufferedImage drawn = MaskImage.draw("sp", masks, 16);
        BufferedImage read = ImageIO.read(file.toFile());
        assertEquals(drawn.getWidth(), read.getWidth());
        for (int y = 0; y < drawn.getHeight(); y++) {
            for (int x = 0; x < drawn.getWidth(); x++) {
                assertEquals(colour(drawn, x, y), colour(read, x, y), "pixel " + x + ", " + y);
            }
        }
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(file), files.toList(), "nothing else is left in the folder");
        }
    }

    @Test
    void titleIsDrawnAboveThePanels() {
        BufferedImage image = draw(StandardPattern.SP, 2, 16);
        assertTrue(IntStream.range(0, image.getWidth() * 40).anyMatch(at ->
                colour(image, at % image.getWidth(), at / image.getWidth()) != FUTURE));
    }

    private static BufferedImage draw(StandardPattern pattern, int heads, int length) {
        return MaskImage.draw(pattern.patternName(), masks(pattern, heads, length), length);
    }

    private static List<HeadMask> masks(StandardPattern pattern, int heads, int length) {
        return IntStream.range(0, heads).mapToObj(head -> pattern.headMask(head, heads, length)).toList();
    }

    private static int colour(BufferedImage image, int x, int y) {
        return image.getRGB(x, y) & 0xFFFFFF;
    }
}
