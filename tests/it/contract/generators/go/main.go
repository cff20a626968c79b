// Uses what openapi-generator makes of both documents with `-g go`: modules `app` and `admin` beside this one.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"generated/admin"
	"generated/app"
)

const ip = "203.0.113.7"

var client, stranger *app.APIClient
var operator *admin.APIClient
var background = context.Background()

func must(held bool, shown ...any) {
	if !held {
		panic(fmt.Sprint(shown...))
	}
}

func got[T any](value T, _ any, err error) T {
	must(err == nil, err)
	return value
}

func problem(err error) app.Problem {
	var refusal *app.GenericOpenAPIError
	must(errors.As(err, &refusal), err)
	told, known := refusal.Model().(app.Problem)
	must(known, refusal.Error(), string(refusal.Body()))
	return told
}

func issue(subject string) *app.Issued {
	body := app.NewSend(subject)
	body.SetIp(ip)
	issued := got(client.CodesAPI.Send(background).Send(*body).Execute())
	_, err := strconv.Atoi(issued.GetCode())
	must(err == nil && !issued.ExpiresAt.IsZero(), issued)
	return issued
}

func codes() {
	must(got(client.HealthAPI.Readyz(background).Execute()).Status == "ready")
	issued := issue("ann@example.com")
	number, _ := strconv.Atoi(issued.GetCode())
	wrong := app.NewCheck(fmt.Sprintf("%06d", (number+1)%1_000_000))
	wrong.SetId(issued.Id)
	wrong.SetIp(ip)
	verdict := got(client.CodesAPI.Check(background).Check(*wrong).Execute())
	must(!verdict.Valid && verdict.GetReason() == "wrong_code" && verdict.GetAttemptsLeft() == 4, verdict)
	right := app.NewCheck(issued.GetCode())
	right.SetSubject("ann@example.com")
	right.SetPurpose("login")
	right.SetIp(ip)
	verdict = got(client.CodesAPI.Check(background).Check(*right).IdempotencyKey("once").Execute())
	must(verdict.Valid && verdict.GetId() == issued.Id, verdict)
	_, response, err := client.CodesAPI.Check(background).Check(*right).IdempotencyKey("once").Execute()
	must(err == nil && response.Header.Get("Idempotent-Replayed") == "true", err)
	must(got(client.CodesAPI.Get(background, issued.Id).Execute()).Status == app.APPROVED)
	must(got(client.CodesAPI.Cancel(background, issue("bob").Id).Execute()).Status == app.CANCELED)
	delivered, err := client.CodesAPI.Delivery(background, issue("bob").Id).Delivery(*app.NewDelivery("delivered")).Execute()
	must(err == nil && delivered.StatusCode == 204, err)
	reported, err := client.CodesAPI.Report(background, issue("bob").Id).Report(*app.NewReport("not_me")).Execute()
	must(err == nil && reported.StatusCode == 204, err)
}

func refusals() {
	body := app.NewSend("ann@example.com")
	body.SetIp("nowhere")
	_, _, err := client.CodesAPI.Send(background).Send(*body).Execute()
	must(problem(err).Code == "invalid_field" && *problem(err).Field == "ip", err)
	_, _, err = client.CodesAPI.Get(background, "x").Execute()
	must(problem(err).Code == "not_found", err)
	_, _, err = stranger.CodesAPI.Send(background).Send(*app.NewSend("ann@example.com")).Execute()
	must(problem(err).Code == "unauthenticated", err)
}

func guard() {
	call := app.NewGuardCall("cid")
	call.SetPurpose("totp")
	call.SetIp(ip)
	must(got(client.GuardAPI.GuardRequest(background).GuardCall(*call).Execute()).Allowed)
	must(got(client.GuardAPI.GuardFailure(background).GuardCall(*call).Execute()).AttemptsLeft == 4)
	whom := app.NewSubjectPurpose("cid")
	whom.SetPurpose("totp")
	must(!got(client.GuardAPI.GuardSuccess(background).SubjectPurpose(*whom).Execute()).Locked)
	var result *app.GuardResult
	for n := 0; n < 5; n++ {
		result = got(client.GuardAPI.GuardFailure(background).GuardCall(*call).Execute())
	}
	must(result.Locked && result.GetRetryAfter() > 0 && result.LockedUntil != nil, result)
	stands := got(client.CodesAPI.Status(background).SubjectPurpose(*whom).Execute())
	must(stands.Locked && stands.LockedUntil.Get().Equal(*result.LockedUntil) && *stands.NextRequestIn.Get() > 0, stands)
	_, _, err := client.GuardAPI.GuardRequest(background).GuardCall(*call).Execute()
	must(problem(err).Code == "subject_locked" && problem(err).Limit.Name == "subject_failures", err)
}

func operators() {
	locked := got(operator.LocksAPI.Locks(background).Limit(10).Execute()).Locks
	must(len(locked) == 1 && locked[0].Reason == "too_many_failures", locked)
	inspect := admin.NewInspect()
	inspect.SetSubject("cid")
	held := got(operator.SubjectsAPI.Inspect(background).Inspect(*inspect).Execute())
	must(held.Lock.Get().Failures == 5 && held.BlockedBy[0].Rule == "subject_locked" && held.Network.Get() == nil, held)
	unlock := admin.NewUnlock("called")
	unlock.SetSubjectRef(held.SubjectRef)
	must(got(operator.LocksAPI.Unlock(background).Unlock(*unlock).Execute()).Unlocked == 1)
	lock := admin.NewLock(5, "stolen")
	lock.SetSubject("dan")
	must(got(operator.LocksAPI.Lock(background).Lock(*lock).Execute()).Changed)
	must(!got(operator.FiguresAPI.Stats(background).Execute()).AsOf.IsZero())
	must(len(got(operator.FiguresAPI.Review(background).Since("1d").Execute()).Figures) > 0)
	must(got(operator.FiguresAPI.Events(background).Limit(5).Execute()).NextCursor != "")
	must(len(got(operator.FiguresAPI.Config(background).Execute())) > 20)
	person := admin.NewDataSubject()
	person.SetSubject("cid")
	must(got(operator.SubjectsAPI.Export(background).DataSubject(*person).Execute()).SubjectRef == held.SubjectRef)
	erase := admin.NewErase("asked")
	erase.SetSubject("cid")
	must(got(operator.SubjectsAPI.Erase(background).Erase(*erase).Execute()).Erased)
}

func main() {
	configuration := func(key string) *app.Configuration {
		told := app.NewConfiguration()
		told.Servers = app.ServerConfigurations{{URL: os.Getenv("APP")}}
		told.AddDefaultHeader("Authorization", "Bearer "+key)
		return told
	}
	client, stranger = app.NewAPIClient(configuration(os.Getenv("KEY"))), app.NewAPIClient(configuration("x"))
	told := admin.NewConfiguration()
	told.Servers = admin.ServerConfigurations{{URL: os.Getenv("ADMIN")}}
	told.AddDefaultHeader("Authorization", "Bearer "+os.Getenv("ADMIN_KEY"))
	operator = admin.NewAPIClient(told)
	parts := []struct {
		name string
		run  func()
	}{{"codes", codes}, {"refusals", refusals}, {"guard", guard}, {"operators", operators}}
	for _, part := range parts {
		part.run()
		fmt.Println(part.name + ": done")
	}
}
