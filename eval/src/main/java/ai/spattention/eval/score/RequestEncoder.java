package ai.spattention.eval.score;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.python.PythonText;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Turns text into tokens as lm-evaluation-harness does: context and continuation are encoded together and the context alone;
 * what is longer in the first is the continuation. Space at the context's end goes to the continuation before. Not safe for
 * use by several threads at once.
 */
public final class RequestEncoder {

    private final Tokenizer tokenizer;
    private final PrefixToken prefix;
    private final int maxLength;
    private String lastContext;
    private int[] lastContextIds;

    /**
     * Creates an encoder.
     *
     * @param tokenizer the model's tokenizer
     * @param prefix the token that stands before a text that has nothing before it
     * @param maxLength the most tokens that the model reads
     */
    public RequestEncoder(Tokenizer tokenizer, PrefixToken prefix, int maxLength) {
        this.tokenizer = tokenizer;
        this.prefix = prefix;
        this.maxLength = maxLength;
    }

    /**
     * Encodes a request. A context that is too long loses its beginning.
     *
     * @param request the request
     * @return its tokens
     * @throws InvalidInputException if the continuation has no token of its own, or more than the model reads
     */
    public TargetTokens encode(LogLikelihoodRequest request) {
        String context = PythonText.rstrip(request.context());
        String continuation = request.context().substring(context.length()) + request.continuation();
        int[] before;
        int[] targets;
        if (context.isEmpty()) {
            int[] ids = tokenizer.encodeBare(continuation);
            boolean begins = ids.length > 0 && ids[0] == prefix.id();
            before = new int[] {prefix.id()};
            targets = begins ? Arrays.copyOfRange(ids, 1, ids.length) : ids;
        } else {
            before = contextIds(context);
            int[] whole = encode(context + continuation);
            targets = whole.length <= before.length ? new int[0] : Arrays.copyOfRange(whole, before.length, whole.length);
        }
        if (targets.length == 0) {
            throw new InvalidInputException(request.name() + " has an empty continuation: '" + shorten(request.continuation())
                    + "' adds no token to its context, which ends in '" + end(request.context()) + "'");
        }
        if (targets.length > maxLength) {
            throw new InvalidInputException(request.name() + " has a continuation of " + targets.length
                    + " tokens, more than the " + maxLength + " that the model reads: shorten it, or leave the row out");
        }
        int[] all = Arrays.copyOf(before, before.length + targets.length);
        System.arraycopy(targets, 0, all, before.length, targets.length);
        int start = Math.max(0, all.length - (maxLength + 1));
        return new TargetTokens(request.group(), Arrays.copyOfRange(all, start, all.length - 1), targets);
    }

    /**
     * Cuts a text into windows so that each token is predicted once, from as much as the model reads.
     *
     * @param name what the text is called in messages
     * @param group the number of the text's first window; the others follow
     * @param text the text
     * @return the windows, at least one
     * @throws InvalidInputException if the text has no token
     */
    public List<TargetTokens> windows(String name, long group, String text) {
        int[] ids = encode(text);
        if (ids.length == 0) {
            throw new InvalidInputException(name + " has no text to score");
        }
        int[] all = new int[ids.length + 1];
        all[0] = prefix.id();
        System.arraycopy(ids, 0, all, 1, ids.length);
        List<TargetTokens> windows = new ArrayList<>();
        for (int done = 0; done < ids.length;) {
            int count = Math.min(maxLength, ids.length - done);
            int end = done + count; // the last target's place among the ids, and the last input's end among all
            // only the last window is shorter, and reads back into the one before; never the prefix again
            int start = done == 0 ? 0 : Math.max(1, end - maxLength);
            windows.add(new TargetTokens(group + windows.size(), Arrays.copyOfRange(all, start, end),
                    Arrays.copyOfRange(ids, done, end)));
            done = end;
        }
        return windows;
    }

    /** The choices of a question have the same context, one after another. */
    private int[] contextIds(String context) {
        if (!context.equals(lastContext)) {
            lastContext = context;
            lastContextIds = encode(context);
        }
        return lastContextIds;
    }

    /** A text that begins with the token for beginnings gets no second one. */
    private int[] encode(String text) {
        boolean begun = prefix.beginsText() != null && text.startsWith(prefix.beginsText());
        return begun ? tokenizer.encodeBare(text) : tokenizer.encode(text);
    }

    private static String end(String text) {
        return text.length() <= 20 ? text : "..." + text.substring(text.length() - 20);
    }

    private static String shorten(String text) {
        return text.length() <= 40 ? text : text.substring(0, 40) + "...";
    }
}
