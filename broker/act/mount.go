package act

import (
	"context"

	"sekimori/broker/field"
)

// Mount is an act as a door offers it, on the service S that does it: the body to read and the method to call.
type Mount[S any] struct {
	Spec
	Body func() any // gives a pointer for decoding the body
	Call func(ctx context.Context, s S, id string, body any, by Caller) (any, error)
}

// Specs gives the specs of mounted acts; it needs no broker.
func Specs[S any](acts []Mount[S]) []Spec {
	specs := make([]Spec, 0, len(acts))
	for _, m := range acts {
		specs = append(specs, m.Spec)
	}
	return specs
}

// Giving mounts a method that takes a body and gives a result, with which the door answers. If Spec.Fields is the body's table, Call checks
// the body against it, before proof and rule, whoever calls. Further error: *forms.Invalid.
func Giving[S, B, R any](spec Spec, method func(S, context.Context, string, B, Caller) (R, error)) Mount[S] {
	return Mount[S]{
		Spec: spec,
		Body: func() any { return new(B) },
		Call: func(ctx context.Context, s S, id string, body any, by Caller) (any, error) {
			in := body.(*B)
			if table, ok := spec.Fields.(field.Table[B]); ok {
				if err := table.Valid(in); err != nil {
					return nil, err
				}
			}
			return method(s, ctx, id, *in, by)
		},
	}
}

// With mounts a method that takes a body. The door answers with the view that Spec.Shows names.
func With[S, B any](spec Spec, method func(S, context.Context, string, B, Caller) error) Mount[S] {
	return Giving(spec, func(s S, ctx context.Context, id string, in B, by Caller) (any, error) {
		return nil, method(s, ctx, id, in, by)
	})
}

// Saying mounts a method that takes a reason. The method judges it: a stop must not be held up by its reason (forms.Kept), and any other act
// refuses a reason that cannot be shown.
func Saying[S any](spec Spec, method func(S, context.Context, string, string, Caller) error) Mount[S] {
	type body struct {
		Reason string `json:"reason,omitempty"`
	}
	return With(spec, func(s S, ctx context.Context, id string, in body, by Caller) error {
		return method(s, ctx, id, in.Reason, by)
	})
}

// Bare mounts a method that takes only the subject. A reason in the body is read and not used.
func Bare[S any](spec Spec, method func(S, context.Context, string, Caller) error) Mount[S] {
	return Saying(spec, func(s S, ctx context.Context, id, _ string, by Caller) error { return method(s, ctx, id, by) })
}
