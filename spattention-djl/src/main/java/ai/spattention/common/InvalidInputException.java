package ai.spattention.common;

/**
 * Input or configuration that a person has to change before the work can go on. The message is one line that says what
 * was wrong, the value seen, what is allowed, and what to do; the command line prints it as it is and exits with 2.
 */
public class InvalidInputException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param message one line: what was wrong, the value seen, what is allowed
     */
    public InvalidInputException(String message) {
        super(message);
    }

    /**
     * Creates the exception with the failure that showed the input to be bad.
     *
     * @param message one line: what was wrong, the value seen, what is allowed
     * @param cause the failure that was met
     */
    public InvalidInputException(String message, Throwable cause) {
        super(message, cause);
    }
}
