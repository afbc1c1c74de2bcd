package ai.spattention.train.cli.option;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.TextFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Where the text to go on with comes from: one of the two options. */
public final class PromptOptions {

    private static final String STANDARD_INPUT = "-";

    /** No model reads on from more. */
    private static final int LONGEST = 1 << 24;

    @Option(names = "--prompt", required = true, paramLabel = "TEXT", description = "What to go on with; may be empty.")
    private String prompt;

    @Option(names = "--prompt-file", required = true, paramLabel = "FILE|-", description = "A file with the text to go on with, in UTF-8, line ends included; - reads standard input.")
    private Path file;

    /**
     * Reads the text.
     *
     * @return the text
     * @throws InvalidInputException if there is no such file, or it is no text or has more than 16 MiB
     * @throws IOException if reading fails
     */
    public String text() throws IOException {
        if (file == null) {
            return prompt;
        }
        return file.toString().equals(STANDARD_INPUT) ? standardInput() : TextFile.read(file, "the prompt's file", LONGEST);
    }

    private static String standardInput() throws IOException {
        byte[] bytes = System.in.readNBytes(LONGEST + 1);
        if (bytes.length > LONGEST) {
            throw new InvalidInputException("standard input has more than " + LONGEST + " bytes, the most that a prompt may have");
        }
        try {
            return TextFile.withoutMark(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
        } catch (CharacterCodingException e) {
            throw new InvalidInputException("standard input is not UTF-8 text", e);
        }
    }
}
