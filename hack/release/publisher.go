// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package release

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"os"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"sigs.k8s.io/yaml"
)

// Publisher is who publishes a release. All fields are required.
type Publisher struct {
	// Image is the repository of the image with its registry, without a tag.
	Image string `json:"image"`
	// Provider is the company or the person that publishes.
	Provider Provider `json:"provider"`
	// Maintainers are the people to write to, at least one.
	Maintainers []Maintainer `json:"maintainers"`
	// Support is where users get help: an email address, or the https address of a page.
	Support string `json:"support"`
	// Security is where vulnerabilities are reported: an email address, or the https address of a page.
	Security string `json:"security"`
}

// Provider is the company or the person that publishes.
type Provider struct {
	Name string `json:"name"`
}

// Maintainer is a person to write to.
type Maintainer struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

// ReadPublisher reads a file such as publisher.yaml. A field that Publisher does not have is an error; an empty one is not, before
// Make.
func ReadPublisher(file string) (Publisher, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Publisher{}, fmt.Errorf("release: who publishes: %w", err)
	}
	var publisher Publisher
	if err := yaml.UnmarshalStrict(text, &publisher); err != nil {
		return Publisher{}, fmt.Errorf("release: who publishes, in %s: %w", file, err)
	}
	return publisher, nil
}

// check returns an error for each field that is empty or cannot be used.
func (p Publisher) check() error {
	problems := []error{
		checkField("image", p.Image, "the repository of the image, with its registry and without a tag", checkRepository),
		checkField("provider.name", p.Provider.Name, "the company or the person that publishes", nil),
		checkField("support", p.Support, "where users get help: an email address, or the https address of a page", checkContact),
		checkField("security", p.Security, "where vulnerabilities are reported: an email address, or the https address of a page", checkContact),
	}
	if len(p.Maintainers) == 0 {
		problems = append(problems, checkField("maintainers", "", "the people to write to, at least one", nil))
	}
	for i, maintainer := range p.Maintainers {
		problems = append(problems,
			checkField(fmt.Sprintf("maintainers[%d].name", i), maintainer.Name, "the name of a person to write to", nil),
			checkField(fmt.Sprintf("maintainers[%d].email", i), maintainer.Email, "the email address of that person", checkEmail))
	}
	return errors.Join(problems...)
}

// checkField refuses an empty field, and one that the function check refuses. A nil check accepts all.
func checkField(field, value, meaning string, check func(string) error) error {
	if strings.TrimSpace(value) == "" {
		return fmt.Errorf("publisher: %s is empty: fill in %s", field, meaning)
	}
	if check == nil {
		return nil
	}
	if err := check(value); err != nil {
		return fmt.Errorf("publisher: %s is %q: %w; fill in %s", field, value, err, meaning)
	}
	return nil
}

// checkRepository wants the registry to be named: that of Docker is the default of Docker only.
func checkRepository(image string) error {
	repository, err := name.NewRepository(image, name.StrictValidation)
	if err == nil && !strings.HasPrefix(image, repository.RegistryStr()+"/") {
		return errors.New("the registry is missing")
	}
	return err
}

func checkEmail(address string) error {
	parsed, err := mail.ParseAddress(address)
	if err == nil && parsed.Address != address {
		return errors.New("only the address itself is wanted")
	}
	return err
}

func checkContact(contact string) error {
	if page, err := url.Parse(contact); err == nil && page.Scheme == "https" && page.Host != "" {
		return nil
	}
	return checkEmail(contact)
}
