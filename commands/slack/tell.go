package slack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"cordon/commands"

	slackgo "github.com/slack-go/slack"
)

// tellPatience bounds how long one late answer is tried.
const tellPatience = 2 * time.Minute

// Tell brings a reply to the one who asked, for their eyes alone: by response URL where there is one that works, else by
// chat.postEphemeral. Rate limits are waited out.
func (e *Edge) Tell(ctx context.Context, to commands.Recipient, reply commands.Reply) error {
	if to.Return != "" {
		err := e.respond(ctx, to.Return, reply)
		if err == nil {
			return nil
		}
		if to.User == "" || to.Channel == "" {
			return err
		}
		e.log.Info("a response URL did not take an answer; posting it instead", "error", err)
	}
	if to.User == "" || to.Channel == "" {
		return errors.New("there is nobody to tell")
	}
	return e.patiently(ctx, func() error {
		_, err := e.api.PostEphemeralContext(ctx, to.Channel, to.User, content(reply.Lines, reply.Buttons)...)
		return err
	})
}

// respond sends a reply to a response URL.
func (e *Edge) respond(ctx context.Context, address string, reply commands.Reply) error {
	if err := e.mayRespond(address); err != nil {
		return err
	}
	no := false
	message := &slackgo.WebhookMessage{
		ResponseType: slackgo.ResponseTypeEphemeral, Text: fallback(reply.Lines), Parse: "none", UnfurlLinks: &no, UnfurlMedia: &no,
		Blocks: &slackgo.Blocks{BlockSet: blocks(reply.Lines, reply.Buttons)},
	}
	return e.patiently(ctx, func() error {
		return withoutAddress(slackgo.PostWebhookCustomHTTPContext(ctx, address, e.responses, message))
	})
}

// withoutAddress takes the URL out of an error: whoever has it may answer in our name.
func withoutAddress(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("response URL: %w", wrapped.Err)
	}
	return err
}

// mayRespond tells whether answers may go to the address: only where the configuration says.
func (e *Edge) mayRespond(address string) error {
	parsed, err := url.Parse(address)
	if err != nil {
		return errors.New("the response URL cannot be read")
	}
	local := isLocal(parsed.Hostname())
	if parsed.Scheme != "https" && (parsed.Scheme != "http" || !local) || parsed.User != nil {
		return errors.New("the response URL is not an https address")
	}
	if !slices.ContainsFunc(e.config.ResponseHosts, func(host string) bool { return matchesHost(parsed, host, local) }) {
		return errors.New("the response URL's host is not one of response_hosts")
	}
	return nil
}

func matchesHost(address *url.URL, host string, local bool) bool {
	if strings.EqualFold(address.Host, host) {
		return true
	}
	port := address.Port()
	return strings.EqualFold(address.Hostname(), host) && (port == "" || port == "443" || local)
}

func isLocal(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// patiently repeats what was refused because it came too soon, and nothing else.
func (e *Edge) patiently(ctx context.Context, try func() error) error {
	for {
		err := try()
		slow, limited := errors.AsType[*slackgo.RateLimitedError](err)
		if !limited {
			return err
		}
		timer := time.NewTimer(max(slow.RetryAfter, time.Second))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return errors.Join(err, ctx.Err())
		}
	}
}

// answered tells whether Slack itself said no, so that nothing was done and asking again will not help.
func answered(err error) bool {
	_, refused := errors.AsType[slackgo.SlackErrorResponse](err)
	return refused
}

// unsent tells whether a request surely did not reach Slack.
func unsent(err error) bool {
	if operation, ok := errors.AsType[*net.OpError](err); ok && operation.Op == "dial" {
		return true
	}
	_, lookup := errors.AsType[*net.DNSError](err)
	return lookup
}

// content renders a message for the Web API. What is in it stays as it is: no markdown, no links, no previews.
func content(lines []commands.Line, buttons []commands.Button) []slackgo.MsgOption {
	return []slackgo.MsgOption{
		slackgo.MsgOptionText(fallback(lines), false), slackgo.MsgOptionBlocks(blocks(lines, buttons)...),
		slackgo.MsgOptionDisableMarkdown(), slackgo.MsgOptionParse(false), slackgo.MsgOptionDisableLinkUnfurl(), slackgo.MsgOptionDisableMediaUnfurl(),
	}
}

// statusOf returns the HTTP status of an error that carries one, 0 for others.
func statusOf(err error) int {
	if status, ok := errors.AsType[slackgo.StatusCodeError](err); ok {
		return status.Code
	}
	return 0
}

var _ commands.Teller = (*Edge)(nil)
