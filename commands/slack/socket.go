package slack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"sync"
	"time"

	"cordon/filters"

	slackgo "github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

const (
	// handlersMost bounds how many deliveries of the socket are worked on at a time.
	handlersMost = 256
	// ackBytes is the largest acknowledgement that Slack takes over a socket: beyond 20 KB it drops them in silence.
	ackBytes = 19 << 10
	// longBackoff is the pause between slack-go's attempts from which on we begin anew: it would go up to 5 minutes.
	longBackoff = 10 * time.Second
	checkEvery  = 30 * time.Second
	checkWithin = 5 * time.Second
)

// Fatal says that Slack refuses us for good: a token is wrong, or the app is gone.
type Fatal struct{ Cause error }

func (f *Fatal) Error() string { return "Slack refuses the bot: " + f.Cause.Error() }
func (f *Fatal) Unwrap() error { return f.Cause }

// Run keeps the connection to Slack until ctx ends, and returns nil then. With an app token it receives deliveries over
// Socket Mode; without one it only watches whether the Web API answers. It returns a *Fatal if Slack refuses the tokens.
func (e *Edge) Run(ctx context.Context) error {
	defer e.connected.Store(false)
	var beside sync.WaitGroup
	defer beside.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	beside.Go(func() { e.keepHomes(ctx) })
	if e.config.AppToken == "" {
		return e.watch(ctx)
	}
	beside.Go(func() { e.introduce(ctx) })
	for ctx.Err() == nil {
		err := e.session(ctx)
		e.connected.Store(false)
		switch {
		case ctx.Err() != nil:
			return nil
		case isFatal(err):
			cancel()
			return &Fatal{err}
		}
		e.log.Warn("the socket to Slack is gone; connecting again", "error", err)
		pause(ctx, time.Second)
	}
	return nil
}

// watch asks from time to time whether the Web API answers.
func (e *Edge) watch(ctx context.Context) error {
	for ctx.Err() == nil {
		err := e.check(ctx)
		if isFatal(err) {
			return &Fatal{err}
		}
		if up := err == nil; e.connected.Swap(up) != up {
			e.log.Info("Slack's Web API changed", "answers", up, "error", err)
		}
		next := checkEvery
		if err != nil {
			next = checkEvery / 6
		}
		pause(ctx, next)
	}
	return nil
}

// introduce learns who we are, for Find.
func (e *Edge) introduce(ctx context.Context) {
	for ctx.Err() == nil && e.botUser.Load() == nil {
		if err := e.check(ctx); err != nil {
			e.log.Warn("Slack does not say who the bot is", "error", err)
			pause(ctx, checkEvery)
		}
	}
}

// check asks Slack who we are.
func (e *Edge) check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, checkWithin)
	defer cancel()
	self, err := e.api.AuthTestContext(ctx)
	if err != nil {
		return err
	}
	if self.TeamID != "" && self.TeamID != e.config.Team {
		return slackgo.SlackErrorResponse{Err: "wrong_team: the token is of workspace " + self.TeamID + ", the configuration names " + e.config.Team}
	}
	e.botUser.Store(&self.UserID)
	return nil
}

// isFatal tells errors that no waiting mends from those that pass.
func isFatal(err error) bool {
	refusal, ok := errors.AsType[slackgo.SlackErrorResponse](err)
	if !ok {
		if status := statusOf(err); status == 404 {
			return true
		}
		return false
	}
	switch refusal.Err {
	case "invalid_auth", "account_inactive", "not_authed", "token_revoked", "token_expired", "not_allowed_token_type", "missing_scope", "no_permission":
		return true
	}
	return len(refusal.Err) > 10 && refusal.Err[:10] == "wrong_team"
}

// session keeps one Socket Mode client going, until it fails for good or its pauses grow long.
func (e *Edge) session(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	client := socketmode.New(e.api, socketmode.OptionReadLimit(bodyLimit), socketmode.OptionLog(log.New(io.Discard, "", 0)))
	ended := make(chan error, 1)
	go func() {
		defer func() {
			if cause := recover(); cause != nil {
				ended <- fmt.Errorf("the socket's reader panicked: %v", cause)
			}
		}()
		ended <- client.RunContext(ctx)
	}()
	slots := make(chan struct{}, handlersMost)
	for {
		select {
		case err := <-ended:
			return errors.Join(err, context.Cause(ctx))
		case received := <-client.Events:
			if err := e.noteState(received); err != nil {
				cancel(err)
				continue
			}
			e.dispatch(ctx, client, received, slots)
		}
	}
}

// noteState follows the connection's own events; an error ends the session.
func (e *Edge) noteState(received socketmode.Event) error {
	switch received.Type {
	case socketmode.EventTypeHello:
		e.connected.Store(true)
		e.log.Info("connected to Slack over a socket")
	case socketmode.EventTypeConnecting, socketmode.EventTypeDisconnect:
		e.connected.Store(false)
	case socketmode.EventTypeConnectionError:
		if failed, ok := received.Data.(*slackgo.ConnectionErrorEvent); ok {
			e.log.Warn("Slack cannot be reached", "attempt", failed.Attempt, "error", failed.ErrorObj)
			if failed.Backoff > longBackoff {
				return fmt.Errorf("not reachable: %w", failed.ErrorObj)
			}
		}
	case socketmode.EventTypeErrorBadMessage, socketmode.EventTypeErrorWriteFailed, socketmode.EventTypeIncomingError:
		e.log.Warn("trouble on the socket to Slack", "type", string(received.Type))
	}
	return nil
}

// dispatch works on a delivery in a goroutine of its own; when all are taken it waits, and Slack with it.
func (e *Edge) dispatch(ctx context.Context, client *socketmode.Client, received socketmode.Event, slots chan struct{}) {
	request := received.Request
	if request == nil || request.EnvelopeID == "" {
		return
	}
	select {
	case slots <- struct{}{}:
	case <-ctx.Done():
		return
	}
	e.background.begin()
	go func() {
		defer func() { <-slots; e.background.end() }()
		defer e.survive(string(received.Type))
		e.receive(ctx, request, func(payload any) error { return client.AckCtx(ctx, request.EnvelopeID, payload) })
	}()
}

// acknowledge sends an acknowledgement, with a payload or nil.
type acknowledge func(payload any) error

// receive handles one delivery. What cannot be decoded, or comes from elsewhere, is acknowledged and dropped: Slack
// would repeat it.
func (e *Edge) receive(ctx context.Context, request *socketmode.Request, ack acknowledge) {
	// What was begun is finished when the connection ends meanwhile: the person is told by response URL.
	work := context.WithoutCancel(ctx)
	var err error
	switch request.Type {
	case socketmode.RequestTypeSlashCommands:
		err = e.receiveCommand(work, request.Payload, ack)
	case socketmode.RequestTypeInteractive:
		var p press
		if p, err = e.pressJSON(request.Payload); err == nil {
			done := e.click(work, p)
			err = ack(done.payload())
			done.after()
		}
	case socketmode.RequestTypeEventsAPI:
		var received event
		if received, err = e.eventJSON(request.Payload); err == nil {
			err = ack(nil)
			e.event(received)
		}
	default:
		return
	}
	if err == nil {
		return
	}
	e.log.Warn("a delivery was dropped, or could not be acknowledged", "type", request.Type, "error", err)
	if filters.CodeOf(err) != filters.Internal {
		_ = ack(nil) // Slack would only send it again
	}
}

func (e *Edge) receiveCommand(ctx context.Context, payload []byte, ack acknowledge) error {
	command, err := e.slashJSON(payload)
	if err != nil {
		return err
	}
	done := e.command(ctx, command)
	if len(done.ack) < ackBytes && ack(done.payload()) == nil {
		done.after()
		return nil
	}
	// Too long for a socket, or the socket is gone: what was done is told by response URL.
	err = ack(nil)
	if done.instead != nil {
		done.instead()
	}
	return err
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
