package main

import "context"

func toMaster(context.Context, *session) error { return nil }
func reading(context.Context, *session) error  { return nil }
func repair(context.Context, *session) error   { return nil }
func packages(context.Context, *session) error { return nil }
