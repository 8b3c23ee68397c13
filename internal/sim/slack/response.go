package slack

import (
	"errors"
	"io"
	"net/http"
)

// serveResponse takes what the bot sends to a response URL.
func (w *Workspace) serveResponse(rw http.ResponseWriter, r *http.Request) {
	if mode, _, _ := w.mode.current(); mode == modeDown {
		http.Error(rw, "Service Unavailable", http.StatusServiceUnavailable)
		return
	}
	err := w.takeResponse(rw, r)
	var failed failure
	switch {
	case err == nil:
		rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(rw, "ok")
		return
	case errors.As(err, &failed) && isGone(failed.code):
		w.refuseResponse(rw, http.StatusNotFound, err)
	default:
		w.refuseResponse(rw, http.StatusBadRequest, err)
	}
}

func isGone(code string) bool {
	return code == "used_url" || code == "expired_url" || code == "invalid_url"
}

func (w *Workspace) refuseResponse(rw http.ResponseWriter, status int, err error) {
	w.log.Warn("refused a message to a response URL", "error", err)
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	rw.WriteHeader(status)
	_, _ = rw.Write(append(encode(map[string]any{"ok": false, "error": err.Error()}), '\n'))
}

func (w *Workspace) takeResponse(rw http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, bodyLimit))
	if err != nil {
		return fail("invalid_payload")
	}
	args, err := parseArguments(body)
	if err != nil {
		return fail("invalid_payload")
	}
	in, err := w.interactions.use(r.URL.Path)
	if err != nil {
		return err
	}
	return w.respond(in, args)
}

// respond does what an acknowledgement or a message to the response URL asks for.
func (w *Workspace) respond(in *interaction, args arguments) error {
	delete(args, "metadata") // not taken here; slack-go sends an empty one
	if args.flag("delete_original") && in.original != "" {
		w.timeline.remove(in.original)
		return nil
	}
	c, err := compose(args, textLimit)
	if err != nil {
		return err
	}
	if args.flag("replace_original") && in.original != "" {
		return w.replace(in, c)
	}
	if in.channel == "" {
		return fail("channel_not_found") // a modal has no channel
	}
	if args["response_type"] == "in_channel" {
		w.announce(in, args, c)
		return nil
	}
	thread := args["thread_ts"]
	if thread == "" {
		thread = in.thread
	}
	p := w.whisper(in.user.ID, in.channel, thread, BotUserID, c)
	w.interactions.heard(in.user.ID, in, p.Message)
	return nil
}

// replace rewrites the message that was clicked.
func (w *Workspace) replace(in *interaction, c content) error {
	p, err := w.timeline.rewrite(in.original, c)
	if err != nil {
		return err
	}
	w.interactions.heard(in.user.ID, in, p.Message)
	return nil
}

// announce posts for everybody; the command that was typed shows first, once.
func (w *Workspace) announce(in *interaction, args arguments, c content) {
	if typed := w.interactions.takeTyped(in); typed != "" {
		w.timeline.add(post{Message: Message{Channel: in.channel, User: in.user.ID, Text: typed}})
	}
	p := w.timeline.add(c.post(post{Message: Message{Channel: in.channel, User: BotUserID, ThreadTS: args["thread_ts"]}}))
	w.interactions.heard(in.user.ID, in, p.Message)
}
