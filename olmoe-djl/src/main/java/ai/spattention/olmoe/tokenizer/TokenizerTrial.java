package ai.spattention.olmoe.tokenizer;

import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.util.Platform;
import ai.djl.util.Utils;
import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.io.Sha256;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Tries a tokenizer.json in a process of its own: Hugging Face's library ends the whole process when a file brings it to a state
 * that its makers thought impossible. A file that did not is not tried again with the same library; DJL's cache folder keeps which
 * these are. No trial can tell of every text, but faults of a file show with the texts that are tried here.
 */
public final class TokenizerTrial {

    /** Changes when more is tried: what passed before is tried again. */
    private static final int VERSION = 1;

    /** Where DJL finds the library; it may have been set after this process was started. */
    private static final String LIBRARY = "RUST_LIBRARY_PATH";

    private static final int MINUTES = 2;
    private static final int REFUSED = 2;
    private static final int FIRST_SIGNAL = 128;
    private static final int MOST_ADDED_TOKENS = 1000;
    private static final int TEXT_LENGTH = 1 << 16;

    private static final List<String> TEXTS = List.of("", " ", "a", "b", "A", "0", "\n", "\u00e9", "\ud83d\ude00", "  \t\r\n ",
            "Hello world! It's 12,345.67 of them (maybe).", "public int f(x) { return \"a\"; } // ok\n\n\tend",
            "\u00e4\u00f6\u00fc \u00df e\u0301 \ufb01 \u00bd \u0130 \u01c5", "\u4f60\u597d \u3053\u3093 \uc548\ub155 \u05e9\u05dc \u0645\u0631 \u0928\u092e",
            "\ud83d\udc68\u200d\ud83d\udc69\u200d\ud83d\udc67 \ud83c\uddec\ud83c\udde7 \u00a0\u2003\u200b\u2028\ufeff\ufffd\u0000\u0007",
            "a".repeat(300), "<0x41> \u2581 \u0120 ## </w>");

    private TokenizerTrial() {}

    /**
     * Refuses a file that ends the process that uses it.
     *
     * @param json the file
     * @throws InvalidInputException if it does, or keeps it busy for minutes
     */
    static void require(TokenizerJson json) {
        require(json, Utils.getCacheDir().resolve("spattention").resolve("tokenizers"));
    }

    static void require(TokenizerJson json, Path cache) {
        String library = Platform.detectPlatform("tokenizers").getVersion();
        Path passed = cache.resolve(Sha256.of(json.text()) + "-" + library + "-" + VERSION);
        if (Files.exists(passed)) {
            return;
        }
        try {
            int code = run(json, library);
            if (code == 0 || code == REFUSED) { // with words, which it gives again where the file is used
                Files.createDirectories(passed.getParent());
                Files.writeString(passed, "");
            }
        } catch (IOException e) {
            // without another process, or a cache that can be written, the file is tried where it is used, or each time
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while " + json.file() + " was tried", e);
        }
    }

    private static int run(TokenizerJson json, String library) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command()).redirectErrorStream(true).start();
        try {
            CompletableFuture<List<String>> output = CompletableFuture.supplyAsync(() -> lines(process.getInputStream()));
            try (OutputStream in = process.getOutputStream()) {
                in.write(json.text().getBytes(StandardCharsets.UTF_8));
            } catch (IOException e) {
                // it ended before it had read everything: its exit code tells why
            }
            if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
                throw new InvalidInputException(json.file() + " keeps Hugging Face's library busy for more than " + MINUTES
                        + " minutes with a few texts: choose another tokenizer");
            }
            if (process.exitValue() >= FIRST_SIGNAL) {
                throw new InvalidInputException(json.file() + " makes Hugging Face's library (version " + library
                        + ") end the process: " + reason(output.join(), process.exitValue())
                        + "; the file is damaged or made for another version, choose another tokenizer");
            }
            return process.exitValue();
        } finally {
            process.destroyForcibly();
        }
    }

    private static List<String> command() {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("-D") || argument.startsWith("-Xmx")).forEach(command::add);
        Optional.ofNullable(System.getProperty(LIBRARY)).map(path -> "-D" + LIBRARY + "=" + path).ifPresent(command::add);
        command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-XX:+SuppressFatalErrorMessage",
                "-cp", System.getProperty("java.class.path"), TokenizerTrial.class.getName()));
        return command;
    }

    private static List<String> lines(InputStream output) {
        try (output) {
            return new String(output.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    /** Rust tells on the line after the place what was wrong. */
    private static String reason(List<String> output, int exitCode) {
        for (int i = 0; i + 1 < output.size(); i++) {
            if (output.get(i).contains("panicked at")) {
                String reason = output.get(i + 1).strip();
                return reason.length() <= 200 ? reason : reason.substring(0, 200) + "...";
            }
        }
        return "signal " + (exitCode - FIRST_SIGNAL);
    }

    /**
     * Takes a tokenizer.json from standard input and uses it.
     *
     * @param arguments none
     * @throws IOException if standard input cannot be read
     */
    public static void main(String[] arguments) throws IOException {
        String text = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
        LibUtils.checkStatus(); // where the library does not load, nothing is known of the file
        try {
            TokenizerJson json = TokenizerJson.of(Path.of(Tokenizers.FILE), text);
            try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.of(json, OptionalInt.empty())) {
                use(tokenizer, json);
            }
        } catch (InvalidInputException e) {
            System.exit(REFUSED);
        }
    }

    private static void use(HuggingFaceTokenizer tokenizer, TokenizerJson json) {
        TEXTS.forEach(text -> encode(tokenizer, text));
        int added = 0;
        for (JsonNode token : json.added()) {
            String text = token.path("content").asText();
            encode(tokenizer, text + "a" + text + text + "\u00e9" + text + " \u00e4" + text + "\u00f6 " + text);
            if (++added == MOST_ADDED_TOKENS) {
                break;
            }
        }
        StringBuilder words = new StringBuilder();
        for (int id = 0; id < tokenizer.vocabSize(); id++) {
            decode(tokenizer, id);
        }
        json.words().forEach(word -> {
            words.append(word).append(' ');
            if (words.length() > TEXT_LENGTH) {
                encode(tokenizer, words.toString());
                words.setLength(0);
            }
        });
        encode(tokenizer, words.toString());
    }

    private static void encode(HuggingFaceTokenizer tokenizer, String text) {
        try {
            tokenizer.encode(text);
            tokenizer.encodeOrdinary(text);
            decode(tokenizer, tokenizer.encodeBare(text));
        } catch (InvalidInputException e) {
            // refused with words, as it should be
        }
    }

    private static void decode(HuggingFaceTokenizer tokenizer, int... ids) {
        try {
            tokenizer.decode(ids);
        } catch (InvalidInputException e) {
            // refused with words, as it should be
        }
    }
}
