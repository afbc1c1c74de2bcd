package ai.spattention.train.cli.option;

import ai.spattention.Precision;
import java.util.Arrays;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a precision by its key. */
public final class PrecisionConverter implements ITypeConverter<Precision> {

    @Override
    public Precision convert(String value) {
        return Arrays.stream(Precision.values()).filter(precision -> precision.key().equals(value)).findFirst()
                .orElseThrow(() -> new TypeConversionException("must be one of " + Arrays.stream(Precision.values())
                        .map(Precision::key).collect(Collectors.joining(", ")) + " (got '" + value + "')"));
    }
}
