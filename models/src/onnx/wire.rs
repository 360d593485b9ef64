//! A pass over the protobuf wire format before anything is decoded.
//!
//! A message of two bytes on the wire becomes a structure of hundreds in memory, so a file's size does not
//! bound what decoding allocates. This pass walks the messages the importer decodes, checks that
//! every length lies inside its parent, and counts every field (and every element of a packed
//! integer list) against a budget. Bulk data (`raw_data`, packed floats) stays the size it has on the wire.

/// The most fields a model may have; a network of a thousand layers has some 50,000.
pub(super) const MAX_FIELDS: usize = 1 << 20;

/// What the fields of a length-delimited value mean.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    /// A message; its own fields are looked up by [`field`].
    Message(Message),
    /// Packed variable-length integers, at least a byte each.
    Integers,
    /// Bytes or text, or a field that decoding skips.
    Opaque,
}

/// The messages the decoder knows, as far as they hold other messages or integer lists.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Message {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    ValueInfo,
    Type,
    TensorType,
    Shape,
    Leaf,
}

/// Checks the structure of a model file.
///
/// # Errors
/// One clause that says what is wrong and at which byte.
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    let mut scan = Scan {
        total: bytes.len(),
        fields: 0,
    };
    scan.message(bytes, Message::Model)
}

/// The content of a length-delimited field; numbers are those of [`super::proto`].
const fn field(message: Message, number: u64) -> Content {
    match (message, number) {
        (Message::Model, 7) => Content::Message(Message::Graph),
        (Message::Graph, 1) => Content::Message(Message::Node),
        (Message::Graph, 5) | (Message::Attribute, 5) => Content::Message(Message::Tensor),
        (Message::Graph, 11 | 12) => Content::Message(Message::ValueInfo),
        (Message::Node, 5) => Content::Message(Message::Attribute),
        (Message::ValueInfo, 2) => Content::Message(Message::Type),
        (Message::Type, 1) => Content::Message(Message::TensorType),
        (Message::TensorType, 2) => Content::Message(Message::Shape),
        (Message::Model, 8 | 14) | (Message::Shape, 1) | (Message::Tensor, 13) => {
            Content::Message(Message::Leaf)
        }
        (Message::Tensor, 1 | 5 | 7) | (Message::Attribute, 8) => Content::Integers,
        _ => Content::Opaque,
    }
}

struct Scan {
    total: usize,
    fields: usize,
}

impl Scan {
    /// Depth is bounded by [`Message`]: no message contains its own kind.
    fn message(&mut self, mut bytes: &[u8], message: Message) -> Result<(), String> {
        while !bytes.is_empty() {
            let start = bytes.len();
            self.count(1)?;
            let key = varint(&mut bytes).ok_or_else(|| self.truncated(message, start))?;
            let skip = match key & 7 {
                0 => varint(&mut bytes).map(|_| 0),
                1 => Some(8),
                2 => varint(&mut bytes),
                5 => Some(4),
                kind => {
                    return Err(format!(
                        "field {} of {} has wire type {kind}",
                        key >> 3,
                        message.name()
                    ));
                }
            };
            let (value, rest) = skip
                .and_then(|length| usize::try_from(length).ok())
                .and_then(|length| bytes.split_at_checked(length))
                .ok_or_else(|| self.truncated(message, start))?;
            bytes = rest;
            if key & 7 == 2 {
                match field(message, key >> 3) {
                    Content::Message(inner) => self.message(value, inner)?,
                    Content::Integers => self.count(value.len())?,
                    Content::Opaque => {}
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, fields: usize) -> Result<(), String> {
        self.fields = self.fields.saturating_add(fields);
        if self.fields > MAX_FIELDS {
            return Err(format!("more than {MAX_FIELDS} fields"));
        }
        Ok(())
    }

    fn truncated(&self, message: Message, left: usize) -> String {
        format!(
            "truncated or foreign: a field of {} runs past its end ({left} bytes left of {})",
            message.name(),
            self.total
        )
    }
}

impl Message {
    const fn name(self) -> &'static str {
        match self {
            Self::Model => "the model",
            Self::Graph => "the graph",
            Self::Node => "a node",
            Self::Attribute => "an attribute",
            Self::Tensor => "a tensor",
            Self::ValueInfo | Self::Type | Self::TensorType | Self::Shape => "a value's type",
            Self::Leaf => "an entry",
        }
    }
}

/// A base-128 number of at most ten bytes.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;
    use crate::onnx::proto::{GraphProto, ModelProto, NodeProto, TensorProto};

    fn model(graph: GraphProto) -> Vec<u8> {
        ModelProto {
            ir_version: Some(8),
            graph: Some(graph),
            ..Default::default()
        }
        .encode_to_vec()
    }

    #[test]
    fn numbers_of_every_length() {
        for value in [0u64, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            prost::encoding::encode_varint(value, &mut bytes);
            let mut rest = bytes.as_slice();
            assert_eq!(varint(&mut rest), Some(value));
            assert!(rest.is_empty());
            assert_eq!(varint(&mut &bytes[..bytes.len() - 1]), None);
        }
        assert_eq!(varint(&mut [0x80; 11].as_slice()), None);
    }

    #[test]
    fn every_truncation_is_seen_or_ends_at_a_field() {
        let tensor = TensorProto {
            dims: vec![2, 300],
            raw_data: Some(vec![1; 40]),
            ..Default::default()
        };
        let graph = GraphProto {
            initializer: vec![tensor],
            name: Some("g".to_owned()),
            ..Default::default()
        };
        let bytes = model(graph);
        check(&bytes).unwrap();
        // Only the top level can end early without being noticed, here after `ir_version`.
        let fine: Vec<usize> = (0..bytes.len())
            .filter(|&end| check(&bytes[..end]).is_ok())
            .collect();
        assert_eq!(fine, vec![0, 2]);
    }

    #[test]
    fn small_messages_and_packed_integers_are_counted() {
        let many = GraphProto {
            node: vec![NodeProto::default(); MAX_FIELDS],
            ..Default::default()
        };
        assert!(check(&model(many)).unwrap_err().contains("more than"));
        let packed = TensorProto {
            int64_data: vec![1; MAX_FIELDS],
            ..Default::default()
        };
        let graph = GraphProto {
            initializer: vec![packed],
            ..Default::default()
        };
        assert!(check(&model(graph)).unwrap_err().contains("more than"));
        let bulk = TensorProto {
            float_data: vec![1.0; MAX_FIELDS],
            ..Default::default()
        };
        check(&model(GraphProto {
            initializer: vec![bulk],
            ..Default::default()
        }))
        .unwrap();
    }

    #[test]
    fn refuses_group_wire_types() {
        assert!(check(&[0x0b]).unwrap_err().contains("wire type 3"));
    }
}
