package ai.spattention.train.mask;

import ai.spattention.olmoe.io.OutputFile;
import ai.spattention.pattern.HeadMask;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;

/** Masks drawn side by side, query positions downwards, key positions to the right. */
public final class MaskImage {

    private static final int PANEL = 256;
    private static final int GAP = 28;
    private static final int TITLE = 40;
    private static final int HEADER = 44;
    private static final int PER_ROW = 8;
    private static final Color SEEN = new Color(0x1F, 0x5F, 0xA8);
    private static final Color PAST = new Color(0xE9, 0xEE, 0xF4);
    private static final Color FUTURE = Color.WHITE;

    private MaskImage() {}

    /**
     * Draws masks into a PNG file.
     *
     * @param name the pattern's name, for the title
     * @param masks one mask a head
     * @param length N
     * @param file the file, replaced if it exists
     * @throws IOException if it cannot be written
     */
    public static void write(String name, List<HeadMask> masks, int length, Path file) throws IOException {
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        ImageIO.write(draw(name, masks, length), "png", png);
        ByteBuffer bytes = ByteBuffer.wrap(png.toByteArray());
        OutputFile.write(file, channel -> {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        });
    }

    static BufferedImage draw(String name, List<HeadMask> masks, int length) {
        int columns = Math.min(masks.size(), PER_ROW);
        int rows = (masks.size() + columns - 1) / columns;
        int cells = Math.min(length, PANEL);
        int side = cells * Math.max(1, PANEL / cells); // whole pixels a cell
        int width = GAP + columns * (side + GAP);
        int height = HEADER + rows * (side + TITLE + GAP);
        BufferedImage image = new BufferedImage(Math.max(width, 360), height, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, image.getWidth(), height);
        graphics.setColor(Color.DARK_GRAY);
        graphics.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 15));
        graphics.drawString(name + ", " + masks.size() + (masks.size() == 1 ? " head" : " heads") + ", length " + length
                + " (queries down, keys right)", GAP, 28);
        for (int head = 0; head < masks.size(); head++) {
            int x = GAP + head % columns * (side + GAP);
            int y = HEADER + head / columns * (side + TITLE + GAP);
            panel(graphics, head, masks.get(head), length, cells, side / cells, x, y);
        }
        graphics.dispose();
        return image;
    }

    private static void panel(Graphics2D graphics, int head, HeadMask mask, int length, int cells, int cell, int x, int y) {
        graphics.setColor(Color.DARK_GRAY);
        graphics.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 12));
        graphics.drawString("head " + head, x, y + 14);
        graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 11));
        String title = MaskTitle.of(mask, length);
        while (graphics.getFontMetrics().stringWidth(title) > cells * cell && title.length() > 4) {
            title = title.substring(0, title.length() - 4) + "...";
        }
        graphics.drawString(title, x, y + 30);
        double[][] share = Coverage.of(mask, length, cells);
        for (int query = 0; query < cells; query++) {
            for (int key = 0; key < cells; key++) {
                graphics.setColor(key > query ? FUTURE : blend(share[query][key]));
                graphics.fillRect(x + key * cell, y + TITLE + query * cell, cell, cell);
            }
        }
        graphics.setColor(Color.GRAY);
        graphics.drawRect(x - 1, y + TITLE - 1, cells * cell + 1, cells * cell + 1);
    }

    /** A cell seen in part keeps at least a third of the colour, so that thin bands stay visible. */
    private static Color blend(double share) {
        if (share == 0) {
            return PAST;
        }
        double weight = 1 / 3.0 + 2 / 3.0 * Math.min(1, share);
        return new Color(mix(PAST.getRed(), SEEN.getRed(), weight), mix(PAST.getGreen(), SEEN.getGreen(), weight),
                mix(PAST.getBlue(), SEEN.getBlue(), weight));
    }

    private static int mix(int from, int to, double weight) {
        return (int) Math.round(from + (to - from) * weight);
    }
}
