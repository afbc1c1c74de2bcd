package ai.spattention.train.checkpoint;

import ai.spattention.common.InvalidInputException;

/** A whole checkpoint that only a later version of this program can read: it must not be passed over for an older one. */
final class LaterFormatException extends InvalidInputException {

    private static final long serialVersionUID = 1L;

    LaterFormatException(String message) {
        super(message);
    }
}
