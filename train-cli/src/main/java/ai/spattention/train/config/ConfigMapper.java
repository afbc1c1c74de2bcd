package ai.spattention.train.config;

import ai.spattention.InvalidInputException;
import ai.spattention.Precision;
import ai.spattention.olmoe.config.LayerPatterns;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.Patterns;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import com.fasterxml.jackson.databind.type.LogicalType;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Jackson, told to be strict: no value becomes one of another type, and nothing is left out or made up. */
final class ConfigMapper {

    private static final YAMLMapper MAPPER = create();

    private ConfigMapper() {}

    static YAMLMapper mapper() {
        return MAPPER;
    }

    /** The name of an enum's constant in YAML. */
    static String nameOf(Object constant) {
        return MAPPER.valueToTree(constant).textValue();
    }

    private static List<String> textsOf(JsonNode list) {
        List<String> texts = new ArrayList<>();
        for (JsonNode each : list.isArray() ? list : List.of(list)) {
            if (!each.isTextual()) {
                throw new InvalidInputException("it must be a name, or a list of names");
            }
            texts.add(each.textValue());
        }
        return texts;
    }

    private static YAMLMapper create() {
        YAMLMapper mapper = YAMLMapper.builder(YAMLFactory.builder()
                        .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
                        .disable(YAMLGenerator.Feature.SPLIT_LINES)
                        .build())
                .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
                .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
                .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
                .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
                .enable(DeserializationFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
                .withCoercionConfig(LogicalType.Textual, config -> config
                        .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail)
                        .setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
                        .setCoercion(CoercionInputShape.Float, CoercionAction.Fail))
                .build();
        SimpleModule module = new SimpleModule();
        module.addDeserializer(LayerPatterns.class, new StdDeserializer<>(LayerPatterns.class) {
            private static final long serialVersionUID = 1L;

            @Override
            public LayerPatterns deserialize(JsonParser parser, DeserializationContext context) throws IOException {
                JsonNode names = context.readTree(parser);
                try {
                    return names.isTextual() ? LayerPatterns.parse(names.textValue(), Patterns.onClassPath())
                            : LayerPatterns.named(textsOf(names), Patterns.onClassPath());
                } catch (InvalidInputException e) {
                    throw JsonMappingException.from(parser, e.getMessage()); // the schema says what is allowed
                }
            }
        });
        module.addSerializer(LayerPatterns.class, new StdSerializer<>(LayerPatterns.class) {
            private static final long serialVersionUID = 1L;

            @Override
            public void serialize(LayerPatterns value, JsonGenerator generator, SerializerProvider provider) throws IOException {
                if (value.isUniform()) {
                    generator.writeString(value.names().get(0));
                } else {
                    generator.writeArray(value.names().toArray(String[]::new), 0, value.names().size());
                }
            }
        });
        module.addDeserializer(Precision.class, new StdDeserializer<>(Precision.class) {
            private static final long serialVersionUID = 1L;

            @Override
            public Precision deserialize(JsonParser parser, DeserializationContext context) throws IOException {
                for (Precision precision : Precision.values()) {
                    if (parser.hasToken(JsonToken.VALUE_STRING) && precision.key().equals(parser.getText())) {
                        return precision;
                    }
                }
                return (Precision) context.handleUnexpectedToken(Precision.class, parser);
            }
        });
        module.addSerializer(Precision.class, new StdSerializer<>(Precision.class) {
            private static final long serialVersionUID = 1L;

            @Override
            public void serialize(Precision value, JsonGenerator generator, SerializerProvider provider) throws IOException {
                generator.writeString(value.key());
            }
        });
        module.addDeserializer(GraphMode.class, new StdDeserializer<>(GraphMode.class) {
            private static final long serialVersionUID = 1L;

            @Override
            public GraphMode deserialize(JsonParser parser, DeserializationContext context) throws IOException {
                for (GraphMode mode : GraphMode.values()) {
                    if (parser.hasToken(JsonToken.VALUE_STRING) && nameOf(mode).equals(parser.getText())) {
                        return mode;
                    }
                }
                // YAML reads a plain off as false
                return parser.hasToken(JsonToken.VALUE_FALSE) ? GraphMode.OFF
                        : (GraphMode) context.handleUnexpectedToken(GraphMode.class, parser);
            }
        });
        module.addDeserializer(ActivationCheckpointing.class, new StdDeserializer<>(ActivationCheckpointing.class) {
            private static final long serialVersionUID = 1L;

            @Override
            public ActivationCheckpointing deserialize(JsonParser parser, DeserializationContext context) throws IOException {
                for (ActivationCheckpointing mode : ActivationCheckpointing.values()) {
                    if (parser.hasToken(JsonToken.VALUE_STRING) && nameOf(mode).equals(parser.getText())) {
                        return mode;
                    }
                }
                // what older files say
                return parser.hasToken(JsonToken.VALUE_TRUE) ? ActivationCheckpointing.FULL
                        : parser.hasToken(JsonToken.VALUE_FALSE) ? ActivationCheckpointing.NONE
                        : (ActivationCheckpointing) context.handleUnexpectedToken(ActivationCheckpointing.class, parser);
            }
        });
        module.addDeserializer(LayoutLength.class, new StdDeserializer<>(LayoutLength.class) {
            private static final long serialVersionUID = 1L;

            @Override
            public LayoutLength deserialize(JsonParser parser, DeserializationContext context) throws IOException {
                if (parser.hasToken(JsonToken.VALUE_NUMBER_INT) && parser.getIntValue() >= 1) {
                    return LayoutLength.of(parser.getIntValue());
                }
                if (parser.hasToken(JsonToken.VALUE_STRING) && parser.getText().equals("sequence")) {
                    return LayoutLength.SEQUENCE;
                }
                return (LayoutLength) context.handleUnexpectedToken(LayoutLength.class, parser);
            }
        });
        module.addSerializer(LayoutLength.class, new StdSerializer<>(LayoutLength.class) {
            private static final long serialVersionUID = 1L;

            @Override
            public void serialize(LayoutLength value, JsonGenerator generator, SerializerProvider provider)
                    throws IOException {
                if (value.isSequence()) {
                    generator.writeString(value.toString());
                } else {
                    generator.writeNumber(value.fixed());
                }
            }
        });
        mapper.registerModule(module);
        return mapper;
    }
}
