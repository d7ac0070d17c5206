package forms

import "go.yaml.in/yaml/v3"

// Given is a form whose values come one by one, as flags do, and not from a file. It collects their problems.
func Given() *Form { return &Form{} }

// Word is a value that was given as one word or text.
func (f *Form) Word(path, text string) Value { return f.scalar(path, "!!str", text) }

// Switch is a value that was switched on.
func (f *Form) Switch(path string) Value { return f.scalar(path, "!!bool", "true") }

// Words is a list of texts.
func (f *Form) Words(path string, texts []string) Value {
	v := f.Nothing(path)
	v.node = &yaml.Node{Kind: yaml.SequenceNode}
	for _, text := range texts {
		v.node.Content = append(v.node.Content, f.Word(path, text).node)
	}
	return v
}

// Nothing is a value that was not given.
func (f *Form) Nothing(path string) Value { return Value{form: f, path: path} }

func (f *Form) scalar(path, tag, text string) Value {
	v := f.Nothing(path)
	v.node = &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: text}
	return v
}
