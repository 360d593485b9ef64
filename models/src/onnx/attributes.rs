//! Reading a node's attributes, gathering everything that is unsupported.

use super::proto::{AttributeProto, NodeProto, TensorProto, attribute_type};

/// The attributes of one node: each is taken by name; what is left at the end is unsupported.
pub(super) struct Attributes<'a> {
    left: Vec<&'a AttributeProto>,
    refused: Vec<String>,
}

impl<'a> Attributes<'a> {
    pub(super) fn of(node: &'a NodeProto) -> Self {
        Self {
            left: node.attribute.iter().collect(),
            refused: Vec::new(),
        }
    }

    /// Notes something unsupported.
    pub(super) fn refuse(&mut self, reason: String) {
        self.refused.push(reason);
    }

    /// The reasons gathered, with the attributes nobody took.
    pub(super) fn finish(mut self) -> Vec<String> {
        for attribute in self.left {
            self.refused.push(format!(
                "attribute {}",
                attribute.name.as_deref().unwrap_or("without a name")
            ));
        }
        self.refused
    }

    pub(super) fn int(&mut self, name: &str, default: i64) -> i64 {
        self.take(name, attribute_type::INT)
            .map_or(default, |a| a.i.unwrap_or(0))
    }

    pub(super) fn float(&mut self, name: &str, default: f32) -> f64 {
        f64::from(
            self.take(name, attribute_type::FLOAT)
                .map_or(default, |a| a.f.unwrap_or(0.0)),
        )
    }

    pub(super) fn string(&mut self, name: &str, default: &str) -> String {
        match self.take(name, attribute_type::STRING) {
            Some(a) => String::from_utf8_lossy(a.s.as_deref().unwrap_or_default()).into_owned(),
            None => default.to_owned(),
        }
    }

    pub(super) fn ints(&mut self, name: &str) -> Option<&'a [i64]> {
        self.take(name, attribute_type::INTS)
            .map(|a| a.ints.as_slice())
    }

    pub(super) fn floats(&mut self, name: &str) -> Option<&'a [f32]> {
        self.take(name, attribute_type::FLOATS)
            .map(|a| a.floats.as_slice())
    }

    pub(super) fn tensor(&mut self, name: &str) -> Option<&'a TensorProto> {
        self.take(name, attribute_type::TENSOR)
            .and_then(|a| a.t.as_ref())
    }

    /// Whether an attribute of this name is left.
    pub(super) fn has(&self, name: &str) -> bool {
        self.left.iter().any(|a| a.name.as_deref() == Some(name))
    }

    /// Takes an attribute that changes nothing here, whatever its value.
    pub(super) fn ignore(&mut self, name: &str) {
        self.left.retain(|a| a.name.as_deref() != Some(name));
    }

    /// Takes an integer that must have this value, which is also the default.
    pub(super) fn only(&mut self, name: &str, supported: i64) {
        let value = self.int(name, supported);
        if value != supported {
            self.refuse(format!("attribute {name} = {value}"));
        }
    }

    /// Takes a list of positive integers of fixed length.
    pub(super) fn sizes<const N: usize>(&mut self, name: &str) -> Option<[usize; N]> {
        let ints = self.ints(name)?;
        let sizes: Option<Vec<usize>> = ints.iter().map(|&i| usize::try_from(i).ok()).collect();
        let sizes = sizes.and_then(|sizes| <[usize; N]>::try_from(sizes).ok());
        if sizes.is_none() {
            self.refuse(format!("attribute {name} = {ints:?}"));
        }
        sizes
    }

    fn take(&mut self, name: &str, kind: i32) -> Option<&'a AttributeProto> {
        // A second one of the same name stays and is reported.
        let place = self
            .left
            .iter()
            .position(|a| a.name.as_deref() == Some(name))?;
        let attribute = self.left.remove(place);
        match attribute.r#type.unwrap_or(0) {
            0 => Some(attribute),
            code if code == kind => Some(attribute),
            code => {
                self.refuse(format!(
                    "attribute {name} of type {code} where type {kind} is expected"
                ));
                None
            }
        }
    }
}
