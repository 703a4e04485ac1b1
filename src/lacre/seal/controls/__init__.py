"""One file a control: an axis of the seal, as a few pure functions over facts and a setting.

`lacre.seal.advice` puts them together; a field of `lacre.seal.model.ServiceSeal` carries each one's setting.
"""
