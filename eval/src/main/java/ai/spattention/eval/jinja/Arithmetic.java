package ai.spattention.eval.jinja;

import ai.spattention.common.InvalidInputException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;

/** Python's operators on numbers, texts, lists and tuples. */
final class Arithmetic {

    private static final int MAX_EXPONENT = 1_000;
    private static final MathContext ENOUGH = new MathContext(60, RoundingMode.HALF_EVEN);
    /** C libraries promise a little more than half a unit in the last place. */
    private static final BigDecimal UNCERTAIN = new BigDecimal("0.45");

    private Arithmetic() {}

    private static InvalidInputException unfit(String operator, Object left, Object right) {
        return new InvalidInputException("the operator " + operator + " does not fit a " + Values.typeName(left) + " and a "
                + Values.typeName(right));
    }

    private static BigInteger integer(Object value) {
        return Values.integer(value, "");
    }

    static double number(Object value) {
        return value instanceof Double number ? number : Numbers.toDouble(integer(value));
    }

    static Object sign(boolean negative, Object operand) {
        Object value = Undefined.refuse(operand);
        if (Values.isInteger(value)) {
            return negative ? integer(value).negate() : integer(value);
        }
        if (value instanceof Double number) {
            return negative ? -number : number;
        }
        throw new InvalidInputException("a sign does not fit a " + Values.typeName(value));
    }

    static Object binary(Run run, String operator, Object left, Object right) {
        Undefined.refuse(left);
        Undefined.refuse(right);
        if (Values.isNumber(left) && Values.isNumber(right)) {
            return Values.isInteger(left) && Values.isInteger(right) ? integers(run, operator, integer(left), integer(right))
                    : floats(operator, left, right);
        }
        return switch (operator) {
            case "+" -> add(run, left, right);
            case "*" -> Values.isInteger(right) ? repeat(run, left, integer(right), right)
                    : Values.isInteger(left) ? repeat(run, right, integer(left), left) : refuse(operator, left, right);
            case "%" -> {
                if (left instanceof Markup) {
                    throw new InvalidInputException("the operator % is not supported for text that is marked as HTML");
                }
                yield left instanceof String text ? Percent.format(run, text, right) : refuse(operator, left, right);
            }
            default -> refuse(operator, left, right);
        };
    }

    private static Object refuse(String operator, Object left, Object right) {
        throw unfit(operator, left, right);
    }

    private static Object add(Run run, Object left, Object right) {
        if (Values.isText(left) && Values.isText(right)) {
            if (left instanceof Markup || right instanceof Markup) {
                return new Markup(Text.escaped(run, left) + Text.escaped(run, right));
            }
            run.checkLength((long) ((String) left).length() + ((String) right).length());
            return (String) left + right;
        }
        List<Object> first = left instanceof List<?> list ? copy(list) : left instanceof Tuple tuple ? tuple.items() : null;
        List<Object> second = right instanceof List<?> list ? copy(list) : right instanceof Tuple tuple ? tuple.items() : null;
        if (first == null || second == null || left instanceof List != right instanceof List) {
            throw unfit("+", left, right);
        }
        run.checkItems((long) first.size() + second.size());
        run.spend((long) first.size() + second.size());
        List<Object> all = new ArrayList<>(first);
        all.addAll(second);
        return left instanceof List ? all : Tuple.ofList(all);
    }

    private static List<Object> copy(List<?> list) {
        return new ArrayList<>(list);
    }

    private static Object repeat(Run run, Object sequence, BigInteger count, Object other) {
        int times = Math.max(0, Values.clamp(count));
        if (Values.isText(sequence)) {
            String text = Values.text(sequence, "");
            run.checkLength((long) text.length() * times);
            String repeated = text.repeat(text.isEmpty() ? 0 : times);
            return sequence instanceof Markup ? new Markup(repeated) : repeated;
        }
        List<Object> items = sequence instanceof List<?> list ? copy(list) : sequence instanceof Tuple tuple ? tuple.items() : null;
        if (items == null) {
            throw unfit("*", sequence, other);
        }
        run.checkItems((long) items.size() * times);
        run.spend((long) items.size() * times);
        List<Object> all = new ArrayList<>();
        for (int i = 0; i < times && !items.isEmpty(); i++) {
            all.addAll(items);
        }
        return sequence instanceof List ? all : Tuple.ofList(all);
    }

    private static InvalidInputException byZero() {
        return new InvalidInputException("a division by zero");
    }

    private static Object integers(Run run, String operator, BigInteger left, BigInteger right) {
        run.checkBits(Math.max(left.bitLength(), right.bitLength()));
        switch (operator) {
            case "+" -> {
                return left.add(right);
            }
            case "-" -> {
                return left.subtract(right);
            }
            case "*" -> {
                run.checkBits((long) left.bitLength() + right.bitLength());
                return left.multiply(right);
            }
            case "**" -> {
                return power(run, left, right);
            }
            default -> {
                if (right.signum() == 0) {
                    throw byZero();
                }
                BigInteger[] parts = left.divideAndRemainder(right);
                boolean adjust = parts[1].signum() != 0 && parts[1].signum() != right.signum();
                return switch (operator) {
                    case "/" -> trueQuotient(left, right);
                    case "//" -> adjust ? parts[0].subtract(BigInteger.ONE) : parts[0];
                    default -> adjust ? parts[1].add(right) : parts[1];
                };
            }
        }
    }

    /** The float that is nearest to the exact quotient. */
    static double trueQuotient(BigInteger left, BigInteger right) {
        if (left.signum() == 0) {
            return right.signum() < 0 ? -0.0 : 0.0;
        }
        // more bits than a float has, and one that stands for all that follow
        int shift = Math.max(0, 70 - left.bitLength() + right.bitLength());
        BigInteger[] parts = left.abs().shiftLeft(shift).divideAndRemainder(right.abs());
        BigInteger bits = parts[0].shiftLeft(1).or(parts[1].signum() == 0 ? BigInteger.ZERO : BigInteger.ONE);
        double quotient = new BigDecimal(bits).divide(new BigDecimal(BigInteger.ONE.shiftLeft(shift + 1))).doubleValue();
        if (Double.isInfinite(quotient)) {
            throw new InvalidInputException("a quotient is too large for a float");
        }
        return left.signum() * right.signum() * quotient;
    }

    private static Object power(Run run, BigInteger left, BigInteger right) {
        if (right.signum() < 0) {
            if (left.signum() == 0) {
                throw byZero();
            }
            return floatPower(Numbers.toDouble(left), Numbers.toDouble(right));
        }
        if (left.abs().compareTo(BigInteger.ONE) <= 0) {
            return right.signum() == 0 || left.signum() > 0 || left.signum() < 0 && !right.testBit(0) ? BigInteger.ONE : left;
        }
        run.checkBits(right.bitLength() > 31 ? Long.MAX_VALUE : right.longValue() * (left.abs().bitLength() - 1L));
        return left.pow(right.intValueExact());
    }

    private static Object floats(String operator, Object leftValue, Object rightValue) {
        double left = number(leftValue);
        double right = number(rightValue);
        switch (operator) {
            case "+" -> {
                return left + right;
            }
            case "-" -> {
                return left - right;
            }
            case "*" -> {
                return left * right;
            }
            case "**" -> {
                return floatPower(left, right);
            }
            default -> {
                if (right == 0) {
                    throw byZero();
                }
                return switch (operator) {
                    case "/" -> left / right;
                    case "//" -> floorQuotient(left, right);
                    default -> remainder(left, right);
                };
            }
        }
    }

    private static double remainder(double left, double right) {
        double remainder = left % right;
        if (remainder == 0) {
            return Math.copySign(0, right);
        }
        return right < 0 != remainder < 0 ? remainder + right : remainder;
    }

    private static double floorQuotient(double left, double right) {
        double remainder = left % right;
        double quotient = (left - remainder) / right;
        if (remainder != 0 && right < 0 != remainder < 0) {
            quotient -= 1;
        }
        if (quotient == 0) {
            return Math.copySign(0, left / right);
        }
        double floor = Math.floor(quotient);
        return quotient - floor > 0.5 ? floor + 1 : floor;
    }

    /**
     * C's pow for whole exponents and the square root. Its last digit is only known where the exact result is not almost halfway
     * between two floats.
     */
    private static double floatPower(double base, double exponent) {
        if (base == 0 && exponent < 0) {
            throw byZero();
        }
        if (base == 1 || exponent == 0 || Double.isInfinite(exponent) && base == -1) {
            return 1;
        }
        if (base == 0 || !Double.isFinite(base) || !Double.isFinite(exponent)) {
            return Math.pow(base, exponent);
        }
        BigDecimal exact;
        if (base > 0 && exponent == 0.5) {
            exact = new BigDecimal(base).sqrt(ENOUGH);
        } else if (exponent == Math.rint(exponent) && Math.abs(exponent) <= MAX_EXPONENT) {
            BigDecimal power = new BigDecimal(base).pow((int) Math.abs(exponent), ENOUGH);
            exact = exponent < 0 ? BigDecimal.ONE.divide(power, ENOUGH) : power;
        } else {
            throw unsupportedPower(base, exponent, "its exponent must be 0.5 or a whole number up to " + MAX_EXPONENT);
        }
        double result = exact.doubleValue();
        if (Double.isInfinite(result)) {
            throw new InvalidInputException("a power is too large for a float");
        }
        BigDecimal distance = exact.subtract(new BigDecimal(result)).abs();
        if (distance.compareTo(new BigDecimal(Math.ulp(result)).multiply(UNCERTAIN)) > 0) {
            throw unsupportedPower(base, exponent, "its last digit depends on the machine");
        }
        return result;
    }

    private static InvalidInputException unsupportedPower(double base, double exponent, String why) {
        return new InvalidInputException("the power " + Numbers.repr(base) + " ** " + Numbers.repr(exponent)
                + " is not supported: " + why);
    }
}
